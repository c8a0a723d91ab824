#include "libs/command/pipeline.h"

#include <condition_variable>
#include <mutex>

#include "libs/command/record_codec.h"
#include "libs/command/test_pipeline.h"
#include "libs/command/timestamps.h"

namespace crm {
namespace {

using test::CallHarness;

TEST_F(PipelineTest, AnswersWhenWhatItAwaitsIsThereAndLetsItCompleteTheAnswer) {
  int asked = 0;
  awaited_ = [&](Call& call, Exhibit& exhibit) {
    EXPECT_TRUE(call.Load<Exhibit>(exhibit.name()).ok()) << "it is committed";
    exhibit.set_year(++asked);
    return asked == 3;
  };
  auto created = museum_.Call<Exhibit>("CreateExhibit", Create("r1"));
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->year(), 3);
  EXPECT_EQ(runs_, 1);

  awaited_ = [&](Call&, Exhibit& exhibit) {
    exhibit.set_year(1999);
    return true;
  };
  auto again = museum_.Call<Exhibit>("CreateExhibit", Create("r1"));
  EXPECT_EQ(again->name(), created->name());
  EXPECT_EQ(again->year(), 1999) << "an answer given again waits like the first";
}

TEST_F(PipelineTest, AnswersWithoutWhatItAwaitsWhenThatDoesNotCome) {
  int asked = 0;
  awaited_ = [&](Call&, Exhibit&) { return ++asked < 0; };
  EXPECT_TRUE(museum_.Call<Exhibit>("CreateExhibit", Create()).ok());
  EXPECT_GT(asked, 20);
}

TEST_F(PipelineTest, AnswersWithTheRecordAsItWasCommitted) {
  auto created = museum_.Call<Exhibit>("CreateExhibit", Create());
  ASSERT_TRUE(created.ok()) << created.status().ToString();
  EXPECT_EQ(created->etag(), "v1");
  EXPECT_EQ(GetTimestamp(*created, type().create_time_field()), test::kMonday);
  EXPECT_EQ(Get(created->name())->SerializeAsString(), created->SerializeAsString());
  ASSERT_EQ(museum_.Log().size(), 1u);
  EXPECT_EQ(museum_.Log()[0].type(), "crm.testing.v1.ExhibitCreated");
  EXPECT_EQ(museum_.Log()[0].actor(), museum_.admin().name);
  EXPECT_EQ(museum_.Log()[0].origin(), std::string(kMuseumService) + "/CreateExhibit");
}

TEST_F(PipelineTest, KeepsEtagsOutOfWhatIsStored) {
  std::string name = Created();
  auto stored = museum_.store().Get({&type(), museum_.tenant(), *type().ParseName(name)}, {});
  Exhibit body;
  ASSERT_TRUE(DecodeRecord((*stored)->body, body).ok());
  EXPECT_EQ(body.etag(), "");
  EXPECT_EQ(museum_.Call<Exhibit>("ShowExhibit", Show(name))->etag(), "v2");
  EXPECT_EQ(Get(name)->etag(), "v2");
}

TEST_F(PipelineTest, RepeatsTheFirstAnswerForTheSameRequestId) {
  auto first = museum_.Begin("CreateExhibit", Create("one"), museum_.admin());
  museum_.Drain();
  museum_.clock().Advance(std::chrono::hours(1));
  auto second = museum_.Begin("CreateExhibit", Create("one"), museum_.admin());
  museum_.Drain();
  ASSERT_TRUE(first->Wait().ok());
  EXPECT_EQ(*first->Wait(), *second->Wait());
  EXPECT_EQ(museum_.Log().size(), 1u);
}

TEST_F(PipelineTest, RefusesARequestIdThatCameWithAnotherBody) {
  ASSERT_TRUE(museum_.Call<Exhibit>("CreateExhibit", Create("one")).ok());
  auto other = museum_.Call<Exhibit>("CreateExhibit", Create("one", "A-1"));
  EXPECT_EQ(other.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(other.status().reason(), "REQUEST_ID_REUSED");
  EXPECT_EQ(museum_.Log().size(), 1u);
}

TEST_F(PipelineTest, KeepsRequestIdsOfDifferentMethodsApart) {
  auto created = museum_.Call<Exhibit>("CreateExhibit", Create("one"));
  auto show = Show(created->name());
  show.set_request_id("one");
  EXPECT_EQ(museum_.Call<Exhibit>("ShowExhibit", show)->state(), Exhibit::SHOWN);
}

TEST_F(PipelineTest, KeepsRequestIdsOfDifferentCallersApart) {
  Principal other = museum_.User("exhibit.create");
  auto first = museum_.Call<Exhibit>("CreateExhibit", Create("one"));
  auto second = museum_.Call<Exhibit>("CreateExhibit", Create("one"), other);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->name(), second->name());
}

TEST_F(PipelineTest, ReadsNothingThatIsNotCommitted) {
  std::string name = Created();
  auto show = museum_.Begin("ShowExhibit", Show(name), museum_.admin());
  museum_.Step();  // decided and queued
  GetExhibitRequest request;
  request.set_name(name);
  auto get = museum_.Begin("GetExhibit", request, museum_.admin());
  museum_.Step();
  ASSERT_TRUE(get->done() && !show->done());
  Exhibit read;
  ASSERT_TRUE(read.ParseFromString(*get->Wait()));
  EXPECT_EQ(read.etag(), "v1");
  museum_.Drain();
  EXPECT_EQ(Get(name)->etag(), "v2");
}

TEST_F(PipelineTest, LetsADuplicateInFlightWaitForTheFirst) {
  auto first = museum_.Begin("CreateExhibit", Create("one"), museum_.admin());
  auto second = museum_.Begin("CreateExhibit", Create("one"), museum_.admin());
  museum_.Step();
  museum_.Step();  // both were decided, nothing is committed
  EXPECT_EQ(runs_, 2);
  EXPECT_FALSE(first->done() || second->done());
  museum_.Drain();
  ASSERT_TRUE(first->Wait().ok());
  EXPECT_EQ(*first->Wait(), *second->Wait());
  EXPECT_EQ(museum_.Log().size(), 1u);
}

TEST_F(PipelineTest, AnswersARepeatedRequestWithTheSameBytes) {
  auto request = Create("one");
  for (int i = 0; i < 40; ++i) {
    (*request.mutable_exhibit()->mutable_custom_fields())["field" + std::to_string(i)] = "value";
  }
  auto first = museum_.Begin("CreateExhibit", request, museum_.admin());
  museum_.Drain();
  auto again = museum_.Begin("CreateExhibit", request, museum_.admin());
  museum_.Drain();
  ASSERT_TRUE(first->Wait().ok());
  EXPECT_EQ(*again->Wait(), *first->Wait()) << "a map has no order, its bytes have one";
}

TEST_F(PipelineTest, DoesNotRememberRefusals) {
  std::string name = Created();
  ASSERT_TRUE(museum_.Call<Exhibit>("ShowExhibit", Show(name)).ok());
  auto again = Show(name);
  again.set_request_id("one");
  EXPECT_EQ(museum_.Call<Exhibit>("ShowExhibit", again).status().reason(), "ALREADY_SHOWN");
  ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_state(Exhibit::STORED); });
  EXPECT_TRUE(museum_.Call<Exhibit>("ShowExhibit", again).ok());
}

TEST_F(PipelineTest, RunsACallAgainWhoseRecordMovedMeanwhile) {
  std::string name = Created();
  runs_ = 0;
  auto show = museum_.Begin("ShowExhibit", Show(name), museum_.admin());
  museum_.Step();  // decided on version 1
  ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_year(1515); });
  museum_.Drain();
  ASSERT_TRUE(show->Wait().ok()) << show->Wait().status().ToString();
  EXPECT_EQ(runs_, 2);
  EXPECT_EQ(Get(name)->year(), 1515);
  EXPECT_EQ(Get(name)->state(), Exhibit::SHOWN);
  EXPECT_EQ(Get(name)->etag(), "v3");
}

TEST_F(PipelineTest, VerifiesARefusalBeforeItLeaves) {
  std::string name = Created();
  ASSERT_TRUE(museum_.Call<Exhibit>("ShowExhibit", Show(name)).ok());
  auto refused = museum_.Begin("ShowExhibit", Show(name), museum_.admin());
  museum_.Step();
  EXPECT_FALSE(refused->done());
  // Not true any more when it would be said: the call is run again, and succeeds.
  ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_state(Exhibit::STORED); });
  museum_.Drain();
  EXPECT_TRUE(refused->Wait().ok()) << refused->Wait().status().ToString();
}

TEST_F(PipelineTest, RunsACallAgainWhoseRecordIsNotWhatThisReplicaSawLast) {
  std::string name = Created();
  ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_year(1515); });
  runs_ = 0;
  auto shown = museum_.Call<Exhibit>("ShowExhibit", Show(name));
  ASSERT_TRUE(shown.ok()) << shown.status().ToString();
  EXPECT_EQ(runs_, 2) << "the first on what was seen last, the second on what is";
  EXPECT_EQ(shown->year(), 1515);
  EXPECT_EQ(shown->etag(), "v3");
}

TEST_F(PipelineTest, RefusesNothingForAStateThatThisReplicaSawLast) {
  std::string name = Created();
  ASSERT_TRUE(museum_.Call<Exhibit>("ShowExhibit", Show(name)).ok());
  ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_state(Exhibit::STORED); });
  EXPECT_TRUE(museum_.Call<Exhibit>("ShowExhibit", Show(name)).ok());
  EXPECT_EQ(museum_.Call<Exhibit>("ShowExhibit", Show(name)).status().reason(), "ALREADY_SHOWN");
}

TEST_F(PipelineTest, TriesWithoutACommitOnlyOnWhatIsCommitted) {
  std::string name = Created("A-1");
  auto request = Create("", "A-1");
  request.set_validate_only(true);
  EXPECT_EQ(museum_.Call<Exhibit>("CreateExhibit", request).status().reason(), "VALUE_TAKEN");
  ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_code("A-2"); });
  EXPECT_TRUE(museum_.Call<Exhibit>("CreateExhibit", request).ok());
}

TEST_F(PipelineTest, GivesUpWithARetryHintWhereARecordKeepsMoving) {
  std::string name = Created();
  meddle_ = [&] {
    ChangeElsewhere(name, [](Exhibit& exhibit) { exhibit.set_year(exhibit.year() + 1); });
  };
  auto show = museum_.Call<Exhibit>("ShowExhibit", Show(name));
  EXPECT_EQ(show.status().code(), Code::kAborted);
  EXPECT_EQ(show.status().reason(), "TOO_MUCH_CONTENTION");
  EXPECT_TRUE(show.status().retry_after().has_value());
  EXPECT_EQ(Get(name)->state(), Exhibit::STATE_UNSPECIFIED);
}

TEST_F(PipelineTest, RefusesAUniqueValueThatIsTaken) {
  std::string holder = Created("A-1");
  auto second = museum_.Call<Exhibit>("CreateExhibit", Create("", "A-1"));
  EXPECT_EQ(second.status().code(), Code::kAlreadyExists);
  EXPECT_EQ(second.status().reason(), "VALUE_TAKEN");
  EXPECT_EQ(second.status().metadata().at("holder"), holder);
}

TEST_F(PipelineTest, RefusesTheSecondOfTwoThatClaimOneValueInOneGroup) {
  auto first = museum_.Begin("CreateExhibit", Create("", "A-1"), museum_.admin());
  auto second = museum_.Begin("CreateExhibit", Create("", "A-1"), museum_.admin());
  museum_.Drain();
  EXPECT_TRUE(first->Wait().ok());
  EXPECT_EQ(second->Wait().status().reason(), "VALUE_TAKEN");
  EXPECT_EQ(museum_.Log().size(), 1u);
}

TEST_F(PipelineTest, FreesAUniqueValueThatIsGivenUp) {
  std::string first = Created("A-1");
  UpdateExhibitRequest other;
  other.mutable_exhibit()->set_name(first);
  other.mutable_exhibit()->set_code("A-2");
  ASSERT_TRUE(museum_.Call<Exhibit>("UpdateExhibit", other).ok());
  EXPECT_TRUE(museum_.Call<Exhibit>("CreateExhibit", Create("", "A-1")).ok());
  EXPECT_EQ(museum_.Call<Exhibit>("CreateExhibit", Create("", "A-2")).status().reason(),
            "VALUE_TAKEN");
}

TEST_F(PipelineTest, StoresNothingWhereOnlyValidationIsAsked) {
  CreateExhibitRequest request = Create("one", "A-1");
  request.set_validate_only(true);
  auto preview = museum_.Call<Exhibit>("CreateExhibit", request);
  ASSERT_TRUE(preview.ok()) << preview.status().ToString();
  EXPECT_EQ(preview->etag(), "v1");
  EXPECT_TRUE(museum_.Log().empty());
  EXPECT_EQ(Get(preview->name()).status().code(), Code::kNotFound);
  // Neither the key nor the unique value is taken.
  EXPECT_TRUE(museum_.Call<Exhibit>("CreateExhibit", Create("one", "A-1")).ok());
}

TEST_F(PipelineTest, NamesThePermissionThatIsMissing) {
  auto refused = museum_.Call<Exhibit>("CreateExhibit", Create(), museum_.User("exhibit.get"));
  EXPECT_EQ(refused.status().code(), Code::kPermissionDenied);
  EXPECT_EQ(refused.status().metadata().at("permission"), "exhibit.create");
  EXPECT_EQ(runs_, 0);
}

// A museum whose gets are answered in groups, for which a test holds the door: the first two,
// alone, each in a thread of its own, until it is opened. A third thread is left for those that
// come then.
class GroupedGets {
 public:
  using Answer = std::function<Result<std::string>(const CallToAnswer&)>;

  explicit GroupedGets(Answer answer) : answer_(std::move(answer)) {
    museum.Bind({BindGroup(
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(kMuseumService),
        "GetExhibit", [this](std::span<const CallToAnswer> calls, std::stop_token stop) {
          return Serve(calls, stop);
        })});
    for (const char* name : {"a", "b"}) {
      first_two.push_back(Get(name, museum.admin()));
      AwaitGroups(first_two.size());  // or one lane might take both
    }
  }

  std::shared_ptr<test::FakeServerCall> Get(const std::string& name, const Principal& as) {
    testing::v1::GetExhibitRequest request;
    request.set_name(name);
    return museum.Begin("GetExhibit", request, as);
  }
  void AwaitGroups(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stops_.size() == count; });
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // Sizes of the groups so far.
  std::vector<size_t> sizes() {
    std::lock_guard lock(mutex_);
    return sizes_;
  }
  std::stop_token StopOf(size_t group) {
    std::lock_guard lock(mutex_);
    return stops_[group];
  }

 private:
  std::vector<Result<std::string>> Serve(std::span<const CallToAnswer> calls,
                                         const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    sizes_.push_back(calls.size());
    stops_.push_back(stop);
    changed_.notify_all();
    if (stops_.size() > 2 && await_stop) {
      changed_.wait(lock, stop, [] { return false; });
    } else {
      changed_.wait(lock, [&] { return open_; });
    }
    std::vector<Result<std::string>> answers;
    for (const auto& call : calls) answers.push_back(answer_(call));
    return answers;
  }

  const Answer answer_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<size_t> sizes_;           // GUARDED_BY(mutex_)
  std::vector<std::stop_token> stops_;  // GUARDED_BY(mutex_)
  bool open_ = false;                   // GUARDED_BY(mutex_)

 public:
  // Groups after the first two end when nobody waits for them any more.
  bool await_stop = false;
  CallHarness museum{{testing::v1::Exhibit::descriptor(), testing::v1::Room::descriptor()},
                     {.threads = 3}};
  std::vector<std::shared_ptr<test::FakeServerCall>> first_two;
};

// Reads that wait while others are being answered are answered together, each in its own way.
TEST_F(PipelineTest, AnswersReadsThatWaitTogether) {
  GroupedGets gets([](const CallToAnswer& one) -> Result<std::string> {
    const auto& name = static_cast<const GetExhibitRequest&>(*one.request).name();
    if (name == "gone") return NotFound(name);
    Exhibit exhibit;
    exhibit.set_name(name + one.call->principal().name);
    return exhibit.SerializeAsString();
  });
  const Principal reader = gets.museum.User("exhibit.get");
  auto gone = gets.Get("gone", reader);
  auto found = gets.Get("d", gets.museum.admin());
  // Refused before it waits for anything.
  auto refused = gets.Get("e", gets.museum.User("exhibit.list"));
  EXPECT_EQ(refused->Wait().status().code(), Code::kPermissionDenied);
  EXPECT_EQ(gets.sizes(), (std::vector<size_t>{1, 1}));
  gets.Open();
  EXPECT_EQ(gone->Wait().status().reason(), "RESOURCE_NOT_FOUND");
  Exhibit answer;
  ASSERT_TRUE(answer.ParseFromString(*found->Wait()));
  EXPECT_EQ(answer.name(), "d" + gets.museum.admin().name);
  for (const auto& call : gets.first_two) EXPECT_TRUE(call->Wait().ok());
  EXPECT_EQ(gets.sizes(), (std::vector<size_t>{1, 1, 2}));
}

// One caller who goes away stops nobody else's read; when all have, there is nothing left to read
// for.
TEST_F(PipelineTest, StopsAGroupsReadWhenAllItsCallersAreGone) {
  GroupedGets gets([](const CallToAnswer&) { return std::string(); });
  gets.await_stop = true;
  auto third = gets.Get("c", gets.museum.admin());
  auto fourth = gets.Get("d", gets.museum.admin());
  third->Cancel();
  gets.Open();
  gets.AwaitGroups(3);
  EXPECT_TRUE(gets.first_two.front()->Wait().ok());
  EXPECT_EQ(gets.sizes().back(), 2u);
  EXPECT_FALSE(gets.StopOf(2).stop_requested());
  fourth->Cancel();
  EXPECT_TRUE(fourth->Wait().ok()) << "it would not end otherwise";
  EXPECT_TRUE(gets.StopOf(2).stop_requested());
}

// Admits as many calls as it is told.
class Tickets final : public RateLimit {
 public:
  Status Admit(const Principal&, const std::string&) override {
    if (left-- > 0) return Status::Ok();
    return Status(Code::kResourceExhausted, "RATE_LIMITED", "Too many calls.");
  }
  int left = 0;
};

// What needs nobody else to be admitted is admitted by the thread that brings it, and one thread of
// the executor answers all that came before it began.
TEST_F(PipelineTest, WakesAThreadForAGroupOfReadsAndNotForEach) {
  std::vector<size_t> sizes;
  auto bind = [&](CallHarness& museum) {
    museum.Bind({BindGroup(
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(kMuseumService),
        "GetExhibit", [&](std::span<const CallToAnswer> calls, const std::stop_token&) {
          sizes.push_back(calls.size());
          return std::vector<Result<std::string>>(calls.size(), std::string());
        })});
  };
  GetExhibitRequest request;
  request.set_name("a");
  bind(museum_);
  std::vector<std::shared_ptr<test::FakeServerCall>> calls;
  for (int i = 0; i < 3; ++i)
    calls.push_back(museum_.Begin("GetExhibit", request, museum_.admin()));
  EXPECT_TRUE(museum_.Begin("GetExhibit", request, museum_.User("exhibit.list"))->done());
  EXPECT_TRUE(sizes.empty()) << "nothing is read on the thread that takes calls";
  ASSERT_TRUE(museum_.Step());
  for (const auto& call : calls) EXPECT_TRUE(call->done());
  EXPECT_EQ(sizes, std::vector<size_t>{3});

  // A limit may have to be asked for elsewhere, and a long request takes its time.
  Tickets tickets;
  CallHarness limited({Exhibit::descriptor(), Room::descriptor()}, {.rate_limit = &tickets});
  bind(limited);
  auto refused = limited.Begin("GetExhibit", request, limited.admin());
  EXPECT_FALSE(refused->done());
  limited.Drain();
  EXPECT_EQ(refused->Wait().status().reason(), "RATE_LIMITED");
  request.set_name(std::string(2000, 'a'));
  auto denied = museum_.Begin("GetExhibit", request, museum_.User("exhibit.list"));
  EXPECT_FALSE(denied->done());
  museum_.Drain();
  EXPECT_EQ(denied->Wait().status().code(), Code::kPermissionDenied);
}

TEST_F(PipelineTest, AnswersAGroupForWhichThereIsNoRoom) {
  struct NoRoom final : Executor {
    bool Post(Task) override { return false; }
  } no_room;
  struct Everybody final : Authenticator {
    explicit Everybody(Principal as) : principal(std::move(as)) {}
    Result<Principal> Authenticate(const rpc::Metadata&) override { return principal; }
    std::optional<Result<Principal>> Known(const rpc::Metadata&) override { return principal; }
    const Principal principal;
  } everybody(museum_.admin());
  auto ids = MakeSeededIds(museum_.clock(), 2);
  const log::Logger log = log::Logger::Silent();
  metrics::Registry metrics;
  CallPipeline pipeline({.services = museum_.services(),
                         .committer = &museum_.committer(),
                         .executor = &no_room,
                         .clock = &museum_.clock(),
                         .ids = ids.get(),
                         .authenticator = &everybody,
                         .log = &log,
                         .metrics = &metrics});
  const auto binding = BindGroup(
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(kMuseumService),
      "GetExhibit", [](std::span<const CallToAnswer>, const std::stop_token&) {
        return std::vector<Result<std::string>>();
      });
  auto call = std::make_shared<test::FakeServerCall>(*binding.method, rpc::Metadata(), "");
  pipeline.Handle(binding, call);
  ASSERT_TRUE(call->done());
  EXPECT_EQ(call->Wait().status().reason(), "SERVER_BUSY");
}

TEST_F(PipelineTest, AsksInTheOrderOfItsListAndStopsAtTheFirstRefusal) {
  Tickets tickets;
  CallHarness limited({Exhibit::descriptor(), Room::descriptor()}, {.rate_limit = &tickets});
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(kMuseumService);
  limited.Bind({Bind<CreateExhibitRequest, Exhibit>(
      service, "CreateExhibit", [this](Call&, const CreateExhibitRequest&) -> Result<Exhibit> {
        ++runs_;
        return FailedPrecondition("CLOSED", "The museum is closed.");
      })});
  Principal of_no_tenant = limited.User("exhibit.get");
  of_no_tenant.tenant = Uuid();
  const auto refused = [&](const Principal& as, const std::string& request_id) {
    return limited.Call<Exhibit>("CreateExhibit", Create(request_id), as).status().code();
  };
  const std::string too_long(201, 'x');
  EXPECT_EQ(refused(of_no_tenant, too_long), Code::kUnauthenticated);
  EXPECT_EQ(tickets.left, 0) << "nobody's calls are not counted";
  EXPECT_EQ(refused(limited.User("exhibit.get"), too_long), Code::kResourceExhausted);
  tickets.left = 3;
  EXPECT_EQ(refused(limited.User("exhibit.get"), too_long), Code::kPermissionDenied);
  EXPECT_EQ(refused(limited.User("exhibit.create"), too_long), Code::kInvalidArgument);
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(refused(limited.User("exhibit.create"), "one"), Code::kFailedPrecondition);
  EXPECT_EQ(runs_, 1);
}

TEST_F(PipelineTest, ShowsARecordOutOfScopeAsNotFound) {
  std::string name = Created();
  GetExhibitRequest request;
  request.set_name(name);
  auto owner = museum_.User("exhibit.get", Scope::kOwn);
  auto hidden = museum_.Call<Exhibit>("GetExhibit", request, owner);
  EXPECT_EQ(hidden.status(), NotFound(name));
  ChangeElsewhere(name, [&](Exhibit& exhibit) { exhibit.set_owner(owner.name); });
  EXPECT_TRUE(museum_.Call<Exhibit>("GetExhibit", request, owner).ok());
}

TEST_F(PipelineTest, LetsNobodyActAsSomebodyElse) {
  auto status = museum_.Run(
      [this](Call& call) { return call.ActAs(Principal::System(museum_.tenant(), "museum")); });
  EXPECT_EQ(status.code(), Code::kInternal);
}

TEST_F(PipelineTest, RefusesToReadTheFuture) {
  GetExhibitRequest request;
  request.set_name(Created());
  *request.mutable_as_of() = ToTimestamp(museum_.clock().Now() + std::chrono::seconds(1));
  EXPECT_EQ(museum_.Call<Exhibit>("GetExhibit", request).status().reason(), "AS_OF_IN_FUTURE");
}

TEST_F(PipelineTest, CommitsFromManyThreads) {
  CallHarness threaded({Exhibit::descriptor(), Room::descriptor()}, {.threads = 4});
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(kMuseumService);
  const RecordType& exhibits = threaded.type(Exhibit::descriptor());
  threaded.Bind({Bind<CreateExhibitRequest, Exhibit>(
      service, "CreateExhibit",
      [&](Call& call, const CreateExhibitRequest& request) -> Result<Exhibit> {
        auto counter = call.Find<Exhibit>(exhibits.Name(Uuid{}));
        Exhibit exhibit = *counter ? **counter : request.exhibit();
        exhibit.set_name(exhibits.Name(Uuid{}));
        exhibit.set_year(exhibit.year() + 1);
        auto status = *counter ? call.Store(exhibit, ExhibitUpdated())
                               : call.Store(exhibit, ExhibitCreated());
        if (!status.ok()) return status;
        return exhibit;
      })});
  std::vector<std::shared_ptr<test::FakeServerCall>> calls;
  for (int i = 0; i < 200; ++i) {
    calls.push_back(threaded.Begin("CreateExhibit", Create(), threaded.admin()));
  }
  int committed = 0;
  for (const auto& call : calls) {
    auto answer = call->Wait();
    // Only contention may refuse, and it says so.
    EXPECT_TRUE(answer.ok() || answer.status().code() == Code::kAborted);
    committed += answer.ok();
  }
  auto log = threaded.Log();
  ASSERT_EQ(log.size(), static_cast<size_t>(committed));
  for (size_t i = 0; i < log.size(); ++i) EXPECT_EQ(log[i].version(), static_cast<int64_t>(i + 1));
}

}  // namespace
}  // namespace crm
