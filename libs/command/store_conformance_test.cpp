#include "libs/command/store_conformance.h"

#include <algorithm>

#include "libs/command/committer.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"

namespace crm::test {
namespace {

using kernel::v1::LogRow;
using testing::v1::Exhibit;
using testing::v1::ExhibitEvent;
using Outcome = CommitResult::Outcome;
using Numbers = std::vector<int>;

// What a log row says the exhibit's year was.
int YearOf(const LogRow& row) {
  ExhibitEvent event;
  EXPECT_TRUE(event.ParseFromString(row.body()));
  return event.exhibit().year();
}

Exhibit OfYear(Exhibit exhibit, int year) {
  exhibit.set_year(year);
  return exhibit;
}

class Conformance : public StoreConformance {
 protected:
  Result<std::optional<StoredRecord>> Get(uint8_t number) {
    return store_->Get(KeyOf(tenant_, Id(number)), {});
  }
  std::unique_ptr<WriteSet> Change(uint8_t number, int year) {
    return Decide([=](Call& call) {
      return call.StoreWithFact(
          OfYear(AnExhibit(number), year),
          *call.Find<Exhibit>(AnExhibit(number).name()) ? "updated" : "created");
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, Conformance,
                         ::testing::Values(StoreKind::kMemory, StoreKind::kPostgres),
                         [](const auto& suite) {
                           return suite.param == StoreKind::kMemory ? "Memory" : "Postgres";
                         });

TEST_P(Conformance, GivesBackWhatWasStored) {
  EXPECT_FALSE(Get(1)->has_value());
  Exhibit exhibit = AnExhibit(1);
  exhibit.add_tags("old");
  exhibit.add_tags("old");  // one index row for two equal elements
  (*exhibit.mutable_custom_fields())["city"] = "Roma";
  PutFor(tenant_, exhibit, kMonday - std::chrono::hours(1));
  auto stored = Get(1);
  ASSERT_TRUE(stored.ok() && *stored);
  EXPECT_EQ((*stored)->version, 1);
  EXPECT_EQ((*stored)->id, Id(1));
  EXPECT_EQ((*stored)->occurred, kMonday - std::chrono::hours(1));
  Exhibit read;
  ASSERT_TRUE(DecodeRecord((*stored)->body, read).ok());
  EXPECT_EQ(read.display_name(), "Exhibit 1");
  EXPECT_EQ(read.tags_size(), 2);
}

TEST_P(Conformance, GetsManyThatExist) {
  Put(AnExhibit(1));
  Put(AnExhibit(3));
  const Uuid wanted[] = {Id(1), Id(2), Id(3)};
  auto many = store_->GetMany(*MuseumTypes().Find(Exhibit::descriptor()), tenant_, wanted, {});
  ASSERT_TRUE(many.ok());
  ASSERT_EQ(many->size(), 2u);
  EXPECT_TRUE(
      store_->GetMany(*MuseumTypes().Find(Exhibit::descriptor()), tenant_, {}, {})->empty());
}

TEST_P(Conformance, GetsEachInTheOrderOfTheKeysWhateverTheTenant) {
  Put(AnExhibit(1));
  Put(AnExhibit(2));
  const RecordType* type = MuseumTypes().Find(Exhibit::descriptor());
  const Uuid other{{99}};
  const RecordKey keys[] = {
      {type, tenant_, Id(2)}, {type, other, Id(1)}, {type, tenant_, Id(1)}, {type, tenant_, Id(2)}};
  auto each = store_->GetEach(keys, {});
  ASSERT_TRUE(each.ok());
  ASSERT_EQ(each->size(), 4u);
  EXPECT_EQ((*each)[0]->id, Id(2));
  EXPECT_FALSE((*each)[1].has_value()) << "of another tenant";
  EXPECT_EQ((*each)[2]->id, Id(1));
  EXPECT_EQ((*each)[3]->body, (*each)[0]->body);
  EXPECT_TRUE(store_->GetEach({}, {})->empty());
}

TEST_P(Conformance, ListsWhatAFilterMatches) {
  for (uint8_t i = 1; i <= 4; ++i) {
    Exhibit exhibit = OfYear(AnExhibit(i), 1500 + i);
    if (i % 2 == 0) exhibit.add_tags("even");
    if (i == 3) exhibit.set_nickname("Mona 100%");
    if (i == 4) (*exhibit.mutable_custom_fields())["city"] = "Roma";
    Put(exhibit);
  }
  EXPECT_EQ(List("", {}), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(List("year > 1502", {}), (Numbers{3, 4}));
  EXPECT_EQ(List("tags:\"even\"", {}), (Numbers{2, 4}));
  EXPECT_EQ(List("custom_fields.city = \"Roma\"", {}), (Numbers{4}));
  EXPECT_EQ(List("nickname:*", {}), (Numbers{3}));
  EXPECT_EQ(List("NOT nickname:*", {}), (Numbers{1, 2, 4}));
  EXPECT_EQ(List("mona", {}), (Numbers{3}));
  EXPECT_EQ(List("\"100%\"", {}), (Numbers{3}));
  EXPECT_EQ(List("\"1_0\"", {}), (Numbers{}));
}

TEST_P(Conformance, ReplacesIndexRowsAndColumns) {
  Exhibit exhibit = OfYear(AnExhibit(1), 1500);
  exhibit.add_tags("new");
  Put(exhibit);
  exhibit.clear_tags();
  exhibit.set_year(1600);
  Put(exhibit);
  EXPECT_EQ(List("tags:\"new\"", {}), (Numbers{}));
  EXPECT_EQ(List("year = 1600", {}), (Numbers{1}));
}

TEST_P(Conformance, OrdersWithTheUnsetLastInBothDirections) {
  const int weights[] = {30, -1, 10, -1, 20};
  for (uint8_t i = 0; i < 5; ++i) {
    Exhibit exhibit = AnExhibit(i);
    if (weights[i] >= 0) exhibit.set_weight_grams(weights[i]);
    Put(exhibit);
  }
  EXPECT_EQ(List("", {{"weight_grams", false}}), (Numbers{2, 4, 0, 1, 3}));
  EXPECT_EQ(List("", {{"weight_grams", true}}), (Numbers{0, 4, 2, 3, 1}));
}

TEST_P(Conformance, OrdersTiesLikeTheLastTerm) {
  for (uint8_t i = 0; i < 4; ++i) Put(OfYear(AnExhibit(i), 1500 + i % 2));
  EXPECT_EQ(List("", {{"year", false}}), (Numbers{0, 2, 1, 3}));
  EXPECT_EQ(List("", {{"year", true}}), (Numbers{3, 1, 2, 0}));
  EXPECT_EQ(List("", {{"year", true}, {"fragile", false}}), (Numbers{1, 3, 0, 2}));
}

TEST_P(Conformance, FindsByUniqueValuesBesideOtherConditions) {
  const char* codes[] = {"a", "b", "c", "d"};
  for (uint8_t i = 0; i < 4; ++i) {
    Exhibit exhibit = OfYear(AnExhibit(i), 1500 + i);
    exhibit.set_code(codes[i]);
    Put(exhibit);
  }
  EXPECT_EQ(List("code = c", {}), (Numbers{2}));
  EXPECT_EQ(List("code = (a OR c OR none OR a)", {}), (Numbers{0, 2}));
  EXPECT_EQ(List("code = (a OR c OR d) AND year > 1500", {{"year", true}}), (Numbers{3, 2}));
  EXPECT_EQ(List("NOT code = (a OR c)", {}), (Numbers{1, 3}));
}

TEST_P(Conformance, ComparesTextByItsBytes) {
  const char* names[] = {"b", "B", "a", "é", "אב"};
  for (uint8_t i = 0; i < 5; ++i) {
    Exhibit exhibit = AnExhibit(i);
    exhibit.set_display_name(names[i]);
    Put(exhibit);
  }
  EXPECT_EQ(List("", {{"display_name", false}}), (Numbers{1, 2, 0, 3, 4}));
}

TEST_P(Conformance, PagesThroughEveryOrderWithoutLossOrRepetition) {
  for (uint8_t i = 0; i < 24; ++i) {
    Exhibit exhibit = OfYear(AnExhibit(i), 1500 + i % 3);
    if (i % 4 != 0) exhibit.set_weight_grams(i % 5);
    if (i % 3 != 0) {
      *exhibit.mutable_loan_end_time() = ToTimestamp(kMonday + std::chrono::hours(i % 4));
    }
    Put(exhibit);
  }
  const std::vector<std::vector<OrderTerm>> orders = {
      {},
      {{"weight_grams", false}},
      {{"weight_grams", true}},
      {{"weight_grams", true}, {"year", false}},
      {{"year", true}, {"weight_grams", false}},
      {{"loan_end_time", false}, {"weight_grams", true}},
      {{"fragile", false}, {"display_name", true}}};
  const RecordType& type = *MuseumTypes().Find(Exhibit::descriptor());
  for (const auto& order : orders) {
    Numbers whole = List("", order);
    ASSERT_EQ(whole.size(), 24u);
    Numbers paged;
    ListQuery query;
    query.type = &type;
    query.tenant = tenant_;
    query.order = order;
    query.limit = 5;
    while (true) {
      auto page = store_->List(query, {});
      ASSERT_TRUE(page.ok()) << page.status().ToString();
      for (const auto& item : *page) paged.push_back(item.record.id.bytes[15]);
      if (page->size() < query.limit) break;
      query.after = page->back().position;
    }
    EXPECT_EQ(paged, whole);
  }
}

TEST_P(Conformance, HidesTheDeletedUnlessAsked) {
  Put(AnExhibit(1));
  Exhibit gone = AnExhibit(1);
  *gone.mutable_delete_time() = ToTimestamp(kMonday);
  Put(gone);
  EXPECT_EQ(List("", {}), (Numbers{}));
  EXPECT_EQ(List("", {}, [](ListQuery& query) { query.show_deleted = true; }), (Numbers{1}));
  EXPECT_TRUE(Get(1)->has_value());
}

TEST_P(Conformance, CountsAndAddsUpByGroup) {
  for (uint8_t i = 1; i <= 6; ++i) {
    Exhibit exhibit = OfYear(AnExhibit(i), i % 2);
    if (i != 6) exhibit.set_weight_grams(i);
    exhibit.set_insured_minor(10 * i);
    Put(exhibit);
  }
  AggregateQuery query;
  query.type = MuseumTypes().Find(Exhibit::descriptor());
  query.tenant = tenant_;
  query.group_by = {"year"};
  query.sum = "weight_grams";
  auto rows = store_->Aggregate(query, {});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].count, 3);
  EXPECT_EQ((*rows)[0].sum, 2 + 4);
  EXPECT_EQ((*rows)[1].sum, 1 + 3 + 5);
  query.group_by = {};
  query.sum = "insured_minor";
  EXPECT_EQ(store_->Aggregate(query, {})->front().sum, 210);
  query.tenant = other_;
  EXPECT_TRUE(store_->Aggregate(query, {})->empty());
  query.tenant = tenant_;
  query.group_by = {"weight_grams"};
  rows = store_->Aggregate(query, {});
  EXPECT_EQ(rows->back().group.front().index(), 0u) << "unset comes last";
}

TEST_P(Conformance, RefusesWhatWasDecidedOnAnOldVersion) {
  Put(AnExhibit(1));
  auto set = Change(1, 1600);
  Put(OfYear(AnExhibit(1), 1500));
  auto result = Commit({set.get()}).front();
  EXPECT_EQ(result.outcome, Outcome::kStale);
  EXPECT_EQ(result.stale, KeyOf(tenant_, Id(1)));
  EXPECT_FALSE(result.pending_conflict);
  EXPECT_EQ((*Get(1))->version, 2);
  EXPECT_EQ(Log().size(), 2u);
}

TEST_P(Conformance, RefusesWhatWasDecidedOnAbsence) {
  auto set = Change(1, 1600);
  Put(AnExhibit(1));
  EXPECT_EQ(Commit({set.get()}).front().outcome, Outcome::kStale);
}

TEST_P(Conformance, ChecksRecordsThatAreOnlyRead) {
  Put(AnExhibit(1));
  auto set = Decide([](Call& call) {
    auto basis = call.Load<Exhibit>(AnExhibit(1).name());
    return basis.ok() ? call.StoreWithFact(AnExhibit(2), "created") : basis.status();
  });
  Put(OfYear(AnExhibit(1), 1500));
  EXPECT_EQ(Commit({set.get()}).front().stale, KeyOf(tenant_, Id(1)));
  EXPECT_FALSE(Get(2)->has_value());
}

TEST_P(Conformance, VerifiesWithoutStoring) {
  Put(AnExhibit(1));
  auto look = Decide([](Call& call) { return call.Load<Exhibit>(AnExhibit(1).name()).status(); });
  EXPECT_EQ(Commit({look.get()}).front().outcome, Outcome::kCommitted);
  Put(OfYear(AnExhibit(1), 1500));
  EXPECT_EQ(Commit({look.get()}).front().outcome, Outcome::kStale);
}

TEST_P(Conformance, CommitsASetThatWasDecidedOnAnEarlierOneOfItsGroup) {
  Committer committer(*store_, {}, nullptr);
  Decider decider(*store_, clock_, &committer);
  std::vector<CommitResult> results;
  for (int i = 0; i < 5; ++i) {
    auto set = decider.Decide(tenant_, [](Call& call) -> Status {
      auto known = *call.Find<Exhibit>(AnExhibit(1).name());
      Exhibit next = OfYear(AnExhibit(1), known ? known->year() + 1 : 1);
      return call.StoreWithFact(next, known ? "updated" : "created");
    });
    ASSERT_TRUE(committer
                    .Submit(std::move(set),
                            [&](CommitResult result) { results.push_back(std::move(result)); })
                    .ok());
  }
  ASSERT_TRUE(committer.FlushOnce());
  ASSERT_EQ(results.size(), 5u);
  for (const auto& result : results) EXPECT_EQ(result.outcome, Outcome::kCommitted);
  auto log = Log();
  ASSERT_EQ(log.size(), 5u);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(log[i].version(), i + 1);
    EXPECT_EQ(YearOf(log[i]), i + 1);
  }
  EXPECT_EQ((*Get(1))->version, 5);
}

TEST_P(Conformance, LeavesTheNeighboursOfAStaleSetUntouched) {
  auto first = Change(1, 1);
  auto stale = Change(2, 2);
  auto on_stale = Change(2, 3);
  auto last = Change(3, 4);
  Put(AnExhibit(2));
  auto results = Commit({first.get(), stale.get(), on_stale.get(), last.get()});
  EXPECT_EQ(results[0].outcome, Outcome::kCommitted);
  EXPECT_EQ(results[1].outcome, Outcome::kStale);
  EXPECT_EQ(results[2].outcome, Outcome::kStale);
  EXPECT_EQ(results[3].outcome, Outcome::kCommitted);
  EXPECT_TRUE(results[1].log.empty());
  EXPECT_EQ(results[0].log.front().seq + 1, results[3].log.front().seq);
  EXPECT_EQ(Log().size(), 3u);
}

TEST_P(Conformance, CommitsOnlyTheFirstOfTwoCreationsInAGroup) {
  auto one = Change(1, 1);
  auto two = Change(1, 2);
  auto results = Commit({one.get(), two.get()});
  EXPECT_EQ(results[0].outcome, Outcome::kCommitted);
  EXPECT_EQ(results[1].outcome, Outcome::kStale);
  EXPECT_EQ(YearOf(Log().front()), 1);
}

TEST_P(Conformance, ErasesAndMakesAnew) {
  kernel::v1::Timer timer;
  const RecordType& timers = *MuseumTypes().Find(kernel::v1::Timer::descriptor());
  timer.set_name(timers.Name(Id(9)));
  timer.set_kind("close");
  auto set = Decide([&](Call& call) { return call.Project(timer); });
  auto erase = [&] { return Decide([&](Call& call) { return call.Erase(timers, timer.name()); }); };
  Commit({set.get()});
  RecordKey key{&timers, tenant_, Id(9)};
  ASSERT_TRUE(store_->Get(key, {})->has_value());
  auto gone = erase();
  EXPECT_EQ(Commit({gone.get()}).front().outcome, Outcome::kCommitted);
  EXPECT_FALSE(store_->Get(key, {})->has_value());
  // Erased by one set and made anew by the next of the same group.
  Commit({Decide([&](Call& call) { return call.Project(timer); }).get()});
  auto again = erase();
  auto anew = std::make_unique<WriteSet>(*set);
  auto results = Commit({again.get(), anew.get()});
  EXPECT_EQ(results[1].outcome, Outcome::kCommitted);
  EXPECT_TRUE(store_->Get(key, {})->has_value());
  EXPECT_TRUE(Log().empty());
}

TEST_P(Conformance, NumbersTheLogDenselyInCommitOrder) {
  for (int round = 0; round < 5; ++round) {
    auto a = Change(1, round);
    auto b = Change(2, round);
    auto stale = Change(1, -1);
    Commit({a.get(), b.get(), stale.get()});
    clock_.Advance(Duration(round % 2));  // often several groups at one moment
  }
  auto log = Log();
  ASSERT_EQ(log.size(), 10u);
  for (size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(log[i].seq(), static_cast<int64_t>(i + 1));
    if (i == 0) continue;
    EXPECT_GT(ToTime(log[i].recorded_time()), ToTime(log[i - 1].recorded_time()));
  }
  auto head = store_->LogHead({});
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->first, 10);
  EXPECT_EQ(head->second, ToTime(log.back().recorded_time()));
}

TEST_P(Conformance, KeepsRecordedTimesRisingWhereTheClockGoesBack) {
  Put(AnExhibit(1));
  if (GetParam() == StoreKind::kMemory) {
    clock_.Set(clock_.Now() - std::chrono::hours(1));
  } else {
    // As if the server's clock had been an hour ahead until now.
    schema_->Execute("UPDATE log_head SET recorded_at = recorded_at + interval '1 hour'");
  }
  Time before = store_->LogHead({})->second;
  auto same_group_one = Change(2, 1), same_group_two = Change(3, 1);
  Commit({same_group_one.get(), same_group_two.get()});
  Put(OfYear(AnExhibit(1), 1500));
  auto log = Log();
  ASSERT_EQ(log.size(), 4u);
  for (size_t i = 1; i < log.size(); ++i) {
    EXPECT_EQ(log[i].seq(), log[i - 1].seq() + 1);
    EXPECT_GT(ToTime(log[i].recorded_time()), ToTime(log[i - 1].recorded_time()));
    EXPECT_GT(ToTime(log[i].recorded_time()), before);
  }
}

TEST_P(Conformance, AnswersACommitWithTheRowsAsTheyAreStored) {
  auto row = Put(OfYear(AnExhibit(1), 1500));
  auto log = Log();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(row.SerializeAsString(), log.front().SerializeAsString());
  EXPECT_EQ(row.subject(), AnExhibit(1).name());
  EXPECT_EQ(row.type(), "crm.testing.v1.ExhibitCreated");
  EXPECT_EQ(row.actor(), "system/museum");
}

TEST_P(Conformance, FindsLogRowsByEachOfTheirLinks) {
  auto one = Put(AnExhibit(1));
  auto two = Put(AnExhibit(2));
  auto three = Put(OfYear(AnExhibit(1), 1500));
  auto seqs = [&](const std::function<void(LogQuery&)>& adjust) {
    Numbers found;
    for (const auto& row : Log(adjust)) found.push_back(static_cast<int>(row.seq()));
    return found;
  };
  EXPECT_EQ(seqs([](LogQuery& q) { q.after_seq = 1; }), (Numbers{2, 3}));
  EXPECT_EQ(seqs([](LogQuery& q) { q.limit = 2; }), (Numbers{1, 2}));
  EXPECT_EQ(seqs([](LogQuery& q) { q.subject = AnExhibit(1).name(); }), (Numbers{1, 3}));
  EXPECT_EQ(seqs([](LogQuery& q) { q.collection = "exhibits"; }), (Numbers{1, 2, 3}));
  EXPECT_EQ(seqs([](LogQuery& q) { q.collection = "rooms"; }), (Numbers{}));
  EXPECT_EQ(seqs([&](LogQuery& q) { q.event_id = two.event_id(); }), (Numbers{2}));
  EXPECT_EQ(seqs([](LogQuery& q) { q.correlation = "conformance"; }), (Numbers{1, 2, 3}));
  EXPECT_EQ(seqs([](LogQuery& q) { q.causation = "none"; }), (Numbers{}));
  EXPECT_EQ(seqs([](LogQuery& q) { q.run = "none"; }), (Numbers{}));
  EXPECT_EQ(seqs([](LogQuery& q) { q.actor = "system/museum"; }), (Numbers{1, 2, 3}));
  EXPECT_EQ(seqs([&](LogQuery& q) { q.recorded_until = ToTime(two.recorded_time()); }),
            (Numbers{1, 2}));
}

TEST_P(Conformance, TellsWhatARecordWasAtAMoment) {
  auto first = PutFor(tenant_, OfYear(AnExhibit(1), 1), kMonday - std::chrono::hours(10));
  auto second = PutFor(tenant_, OfYear(AnExhibit(1), 2), kMonday - std::chrono::hours(5));
  RecordKey key = KeyOf(tenant_, Id(1));
  auto year_at = [&](Timeline timeline, Time time) {
    auto row = store_->LogRowAt(key, timeline, time, {});
    EXPECT_TRUE(row.ok());
    return *row ? YearOf(**row) : 0;
  };
  auto time_of = [](const kernel::v1::LogRow& row, Timeline timeline) {
    return ToTime(timeline == Timeline::kRecorded ? row.recorded_time() : row.occurred_time());
  };
  for (auto timeline : {Timeline::kRecorded, Timeline::kOccurred}) {
    EXPECT_EQ(year_at(timeline, time_of(first, timeline) - Duration(1)), 0);
    EXPECT_EQ(year_at(timeline, time_of(first, timeline)), 1) << "the boundary belongs to it";
    EXPECT_EQ(year_at(timeline, time_of(second, timeline) - Duration(1)), 1);
    EXPECT_EQ(year_at(timeline, time_of(second, timeline)), 2);
    EXPECT_EQ(year_at(timeline, time_of(second, timeline) + std::chrono::hours(1)), 2);
  }
}

TEST_P(Conformance, VisitsEveryRecordAsItWasAtAMoment) {
  PutFor(tenant_, OfYear(AnExhibit(2), 20));
  PutFor(tenant_, OfYear(AnExhibit(1), 10));
  PutFor(other_, OfYear(AnExhibit(7), 70));
  Time then = ToTime(PutFor(tenant_, OfYear(AnExhibit(2), 21)).recorded_time());
  PutFor(tenant_, OfYear(AnExhibit(2), 22));
  PutFor(tenant_, OfYear(AnExhibit(3), 30));
  const RecordType& type = *MuseumTypes().Find(Exhibit::descriptor());
  Numbers years;
  auto visit = [&](const LogRow& row) {
    years.push_back(YearOf(row));
    return true;
  };
  ASSERT_TRUE(store_->ForEachLogRowAt(type, tenant_, Timeline::kRecorded, then, visit, {}).ok());
  EXPECT_EQ(years, (Numbers{10, 21}));
  int visits = 0;
  auto once = [&](const LogRow&) { return ++visits < 1; };
  ASSERT_TRUE(store_->ForEachLogRowAt(type, tenant_, Timeline::kRecorded, then, once, {}).ok());
  EXPECT_EQ(visits, 1);
}

TEST_P(Conformance, SettlesAMomentForEver) {
  Put(AnExhibit(1));
  Time now = GetParam() == StoreKind::kMemory ? clock_.Now() : SystemClock().Now();
  EXPECT_EQ(store_->SettleLog(now + std::chrono::hours(1)).reason(), "AS_OF_IN_FUTURE");
  ASSERT_TRUE(store_->SettleLog(now).ok());
  EXPECT_GT(ToTime(Put(AnExhibit(2)).recorded_time()), now);
  ASSERT_TRUE(store_->SettleLog(now - std::chrono::hours(1)).ok());
  EXPECT_GT(ToTime(Put(AnExhibit(3)).recorded_time()), now);
}

TEST_P(Conformance, PrunesKeysThatExpired) {
  const RecordType& keys = *MuseumTypes().Find(kernel::v1::IdempotencyKey::descriptor());
  for (uint8_t i = 1; i <= 4; ++i) {
    kernel::v1::IdempotencyKey key;
    key.set_name(keys.Name(Id(i)));
    *key.mutable_expire_time() = ToTimestamp(kMonday + std::chrono::hours(i));
    auto set = decider_->Decide(i % 2 == 0 ? tenant_ : other_,
                                [&](Call& call) { return call.Project(key); });
    ASSERT_EQ(Commit({set.get()}).front().outcome, Outcome::kCommitted);
  }
  EXPECT_EQ(*store_->PruneExpired(kMonday, 10), 0);
  EXPECT_EQ(*store_->PruneExpired(kMonday + std::chrono::hours(3), 2), 2);
  EXPECT_EQ(*store_->PruneExpired(kMonday + std::chrono::hours(3), 10), 1);
  EXPECT_TRUE(store_->Get({&keys, tenant_, Id(4)}, {})->has_value());
}

TEST_P(Conformance, KeepsTenantsApart) {
  auto mine = Put(OfYear(AnExhibit(1), 1));
  auto theirs = PutFor(other_, OfYear(AnExhibit(1), 2));
  EXPECT_EQ(mine.version(), 1);
  EXPECT_EQ(theirs.version(), 1) << "the same name is another record";
  Exhibit read;
  ASSERT_TRUE(DecodeRecord((*store_->Get(KeyOf(other_, Id(1)), {}))->body, read).ok());
  EXPECT_EQ(read.year(), 2);
  EXPECT_EQ(List("", {}), (Numbers{1}));
  EXPECT_EQ(List("year = 2", {}), (Numbers{}));
  EXPECT_EQ(Log().size(), 1u);
  EXPECT_EQ(Log([](LogQuery& query) { query.tenant.reset(); }).size(), 2u);
  EXPECT_EQ(List("", {}, [](ListQuery& query) { query.tenant.reset(); }), (Numbers{1, 1}));
  EXPECT_TRUE(Log([&](LogQuery& query) {
                query.tenant = other_;
                query.event_id = mine.event_id();
              }).empty());
}

}  // namespace
}  // namespace crm::test
