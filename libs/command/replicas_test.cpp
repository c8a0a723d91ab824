// Two replicas of one service over one schema: whatever their calls do to each other, nothing is
// lost and nothing is done twice.
#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "crm/testing/v1/exhibit_service.pb.h"
#include "libs/testing/call_harness.h"

namespace crm {
namespace {

using namespace testing::v1;  // NOLINT: messages only
using test::CallHarness;

// Adds one to the year of the exhibit and the request's tag to its tags.
MethodBinding CountUp() {
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "crm.testing.v1.ExhibitService");
  return Bind<ShowExhibitRequest, Exhibit>(
      service, "ShowExhibit", [](Call& call, const ShowExhibitRequest& request) -> Result<Exhibit> {
        auto found = call.Find<Exhibit>(request.name());
        if (!found.ok()) return found.status();
        Exhibit exhibit = *found ? **found : Exhibit();
        exhibit.set_name(request.name());
        exhibit.set_year(exhibit.year() + 1);
        exhibit.add_tags(request.occasion());
        auto status =
            *found ? call.Store(exhibit, ExhibitUpdated()) : call.Store(exhibit, ExhibitCreated());
        if (!status.ok()) return status;
        return exhibit;
      });
}

std::unique_ptr<CallHarness> AReplica(test::PgSchema& schema, const MethodBinding& method,
                                      uint64_t seed, Committer::OnCommitted heard = nullptr) {
  test::CallHarnessOptions options;
  options.store = test::StoreIn(schema);
  options.threads = 3;
  options.seed = seed;
  options.on_committed = std::move(heard);
  auto replica = std::make_unique<CallHarness>(
      std::vector{Exhibit::descriptor(), Room::descriptor()}, std::move(options));
  replica->Bind({method});
  return replica;
}

ShowExhibitRequest Asking(const std::string& name, const std::string& occasion) {
  ShowExhibitRequest request;
  request.set_name(name);
  request.set_occasion(occasion);
  return request;
}

std::string NameOf(int number) {
  return "exhibits/" + NamedUuid("replicas", std::to_string(number)).ToString();
}

TEST(Replicas, NeitherLoseNorRepeatAChange) {
  test::PgSchema schema(test::KernelAnd("libs/entity/testdata/migrations"));
  std::vector<std::unique_ptr<CallHarness>> replicas;
  for (uint64_t seed : {1, 2}) replicas.push_back(AReplica(schema, CountUp(), seed));
  constexpr int kCalls = 150;
  std::vector<std::pair<std::string, std::shared_ptr<test::FakeServerCall>>> calls;
  for (int i = 0; i < kCalls; ++i) {
    for (size_t replica : {0, 1}) {
      auto request = Asking(NameOf(0), std::to_string(replica) + "." + std::to_string(i));
      const Principal& admin = replicas[0]->admin();
      calls.emplace_back(request.occasion(),
                         replicas[replica]->Begin("ShowExhibit", request, admin));
    }
  }
  std::multiset<std::string> done;
  for (const auto& [occasion, call] : calls) {
    auto answer = call->Wait();
    EXPECT_TRUE(answer.ok() || answer.status().code() == Code::kAborted)
        << answer.status().ToString();
    if (answer.ok()) done.insert(occasion);
  }
  EXPECT_FALSE(done.empty());
  auto log = replicas[0]->Log();
  ASSERT_EQ(log.size(), done.size());
  Exhibit last;
  for (size_t i = 0; i < log.size(); ++i) {
    ExhibitEvent event;
    ASSERT_TRUE(event.ParseFromString(log[i].body()));
    last = event.exhibit();
    EXPECT_EQ(log[i].version(), static_cast<int64_t>(i + 1));
    EXPECT_EQ(last.year(), static_cast<int32_t>(i + 1)) << "built on what was never stored";
  }
  EXPECT_EQ(std::multiset<std::string>(last.tags().begin(), last.tags().end()), done);
}

// The same request reaches both at the same moment, as where a client's first try seems lost.
TEST(Replicas, AnswerARequestIdOnceBetweenThem) {
  test::PgSchema schema(test::KernelAnd("libs/entity/testdata/migrations"));
  auto one = AReplica(schema, CountUp(), 1), two = AReplica(schema, CountUp(), 2);
  constexpr int kRequests = 100;
  std::vector<std::shared_ptr<test::FakeServerCall>> firsts, repeats;
  for (int i = 0; i < kRequests; ++i) {
    auto request = Asking(NameOf(i % 10), std::to_string(i));
    request.set_request_id("request-" + std::to_string(i));
    firsts.push_back(one->Begin("ShowExhibit", request, one->admin()));
    repeats.push_back(two->Begin("ShowExhibit", request, one->admin()));
  }
  size_t done = 0;
  for (int i = 0; i < kRequests; ++i) {
    auto first = firsts[i]->Wait(), repeat = repeats[i]->Wait();
    EXPECT_TRUE(first.ok() || first.status().code() == Code::kAborted);
    EXPECT_TRUE(repeat.ok() || repeat.status().code() == Code::kAborted);
    if (first.ok() && repeat.ok()) {
      EXPECT_EQ(*first, *repeat) << "request " << i;
    }
    done += first.ok() || repeat.ok();
  }
  EXPECT_GT(done, kRequests / 2u);
  EXPECT_EQ(one->Log().size(), done);
}

// Closes what is open, and refuses what is closed: a repeat is refused wherever it is decided after
// the first has committed, and must yet get the first one's answer.
MethodBinding ShowOnce() {
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "crm.testing.v1.ExhibitService");
  return Bind<ShowExhibitRequest, Exhibit>(
      service, "ShowExhibit", [](Call& call, const ShowExhibitRequest& request) -> Result<Exhibit> {
        auto found = call.Find<Exhibit>(request.name());
        if (!found.ok()) return found.status();
        if (*found) return FailedPrecondition("ALREADY_SHOWN", "It is shown.");
        Exhibit exhibit;
        exhibit.set_name(request.name());
        auto status = call.Store(exhibit, ExhibitCreated());
        if (!status.ok()) return status;
        return exhibit;
      });
}

TEST(Replicas, GiveTheFirstAnswerToARepeatThatTheOtherWouldRefuse) {
  test::PgSchema schema(test::KernelAnd("libs/entity/testdata/migrations"));
  auto one = AReplica(schema, ShowOnce(), 1), two = AReplica(schema, ShowOnce(), 2);
  for (int i = 0; i < 60; ++i) {
    auto request = Asking(NameOf(i), "");
    request.set_request_id("request-" + std::to_string(i));
    auto first = one->Begin("ShowExhibit", request, one->admin());
    auto repeat = two->Begin("ShowExhibit", request, one->admin());
    ASSERT_TRUE(first->Wait().ok()) << first->Wait().status().ToString();
    ASSERT_TRUE(repeat->Wait().ok()) << repeat->Wait().status().ToString();
    ASSERT_EQ(*first->Wait(), *repeat->Wait());
  }
}

TEST(Replicas, ServeSixtyFourCallersOfOneRecordInFewGroups) {
  test::PgSchema schema(test::KernelAnd("libs/entity/testdata/migrations"));
  size_t groups = 0;  // of the committing thread
  auto replica =
      AReplica(schema, CountUp(), 1, [&](const std::vector<kernel::v1::LogRow>&) { ++groups; });
  std::vector<std::shared_ptr<test::FakeServerCall>> calls;
  for (int i = 0; i < 64; ++i) {
    calls.push_back(replica->Begin("ShowExhibit", Asking(NameOf(0), ""), replica->admin()));
  }
  for (const auto& call : calls) ASSERT_TRUE(call->Wait().ok()) << call->Wait().status().ToString();
  auto log = replica->Log();
  ASSERT_EQ(log.size(), 64u);
  EXPECT_EQ(log.back().version(), 64);
  EXPECT_LE(groups, 32u) << "they do not join each other's groups";
}

TEST(Replicas, HaveNoTransactionOpenWhileAHandlerRuns) {
  test::PgSchema schema(test::KernelAnd("libs/entity/testdata/migrations"));
  int64_t open = -1;
  MethodBinding count_up = CountUp();
  auto handler = count_up.unary;
  count_up.unary = [&](Call& call, const google::protobuf::Message& request) {
    auto response = handler(call, request);  // it has read and stored
    open = schema
               .Execute(
                   "SELECT count(*) FROM pg_stat_activity WHERE usename = $1::text AND "
                   "xact_start IS NOT NULL",
                   {pg::Value(schema.name())})
               .GetInt(0, 0);
    return response;
  };
  auto replica = AReplica(schema, count_up, 1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        replica->Begin("ShowExhibit", Asking(NameOf(0), ""), replica->admin())->Wait().ok());
    EXPECT_EQ(open, 0);
  }
}

}  // namespace
}  // namespace crm
