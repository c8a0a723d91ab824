// What every Store must do, as one fixture: the tests of store_conformance_test.cpp run over each
// kind of store, with exhibits and rooms as records. Records are made by real Calls, so what is
// committed is what handlers produce.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/command/call.h"
#include "libs/testing/clock.h"
#include "libs/testing/pg_schema.h"

namespace crm::test {

enum class StoreKind { kMemory, kPostgres };

// The kernel's tables and those of the museum.
std::vector<pg::Migration> MuseumMigrations();
// Record types of the museum.
const RecordTypes& MuseumTypes();

// Decides calls on a store without committing them. One thread at a time.
class Decider {
 public:
  Decider(Store& store, const Clock& clock, Committer* committer = nullptr);

  using Handler = std::function<Status(Call&)>;
  // The write-set of a handler that must succeed. Each call has an id of its own.
  std::unique_ptr<WriteSet> Decide(const Uuid& tenant, const Handler& handler);

 private:
  const CallServices services_;
  const Clock& clock_;
  Uuid last_id_;
};

class StoreConformance : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreConformance();

  static RecordKey KeyOf(const Uuid& tenant, const Uuid& id);
  static Uuid Id(uint8_t number);
  // An exhibit with that number as its id.
  static testing::v1::Exhibit AnExhibit(uint8_t number);

  std::unique_ptr<WriteSet> Decide(const Decider::Handler& handler) {
    return decider_->Decide(tenant_, handler);
  }
  std::vector<CommitResult> Commit(const std::vector<const WriteSet*>& group);
  // Creates it, or changes it where it is there; returns its log row. Fails the test where the
  // store refuses.
  kernel::v1::LogRow Put(const testing::v1::Exhibit& exhibit) { return PutFor(tenant_, exhibit); }
  kernel::v1::LogRow PutFor(const Uuid& tenant, const testing::v1::Exhibit& exhibit,
                            std::optional<Time> occurred = std::nullopt);

  // The ids' numbers, in the order of the list.
  std::vector<int> List(const std::string& filter, std::vector<OrderTerm> order,
                        const std::function<void(ListQuery&)>& adjust = nullptr);
  std::vector<kernel::v1::LogRow> Log(const std::function<void(LogQuery&)>& adjust = nullptr);

  const Uuid tenant_{{1}};
  const Uuid other_{{2}};
  ManualClock clock_{kMonday};
  std::unique_ptr<PgSchema> schema_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Decider> decider_;
};

}  // namespace crm::test
