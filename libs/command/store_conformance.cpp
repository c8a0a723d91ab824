#include "libs/command/store_conformance.h"

#include <stdexcept>

#include "libs/command/kernel_schema.h"
#include "libs/command/memory_store.h"
#include "libs/command/pg_store.h"

namespace crm::test {

using testing::v1::Exhibit;

std::vector<pg::Migration> MuseumMigrations() {
  auto migrations = kernel::Migrations();
  auto museum = pg::LoadMigrations("libs/command/testdata");
  if (!museum.ok()) throw std::runtime_error(museum.status().ToString());
  migrations.insert(migrations.end(), museum->begin(), museum->end());
  return migrations;
}

const RecordTypes& MuseumTypes() {
  static const RecordTypes types({Exhibit::descriptor(), testing::v1::Room::descriptor()});
  return types;
}

Decider::Decider(Store& store, const Clock& clock, Committer* committer)
    : services_{&MuseumTypes(), &store, committer, nullptr}, clock_(clock) {
  // Deciders of one test must not give the same ids.
  static std::atomic<uint8_t> deciders = 0;
  last_id_.bytes[0] = ++deciders;
}

std::unique_ptr<WriteSet> Decider::Decide(const Uuid& tenant, const Handler& handler) {
  for (size_t i = 15; ++last_id_.bytes[i] == 0; --i) {
  }
  CallContext context;
  context.id = last_id_;
  context.principal = Principal::System(tenant, "museum");
  context.now = clock_.Now();
  context.cause.correlation = "conformance";
  Call call(services_, context);
  if (auto status = handler(call); !status.ok()) throw std::runtime_error(status.ToString());
  return call.TakeWriteSet();
}

StoreConformance::StoreConformance() {
  if (GetParam() == StoreKind::kMemory) {
    store_ = std::make_unique<MemoryStore>(MuseumTypes(), clock_);
  } else {
    schema_ = std::make_unique<PgSchema>(MuseumMigrations());
    store_ = std::make_unique<PgStore>(schema_->database(), schema_->scan());
  }
  decider_ = std::make_unique<Decider>(*store_, clock_);
}

RecordKey StoreConformance::KeyOf(const Uuid& tenant, const Uuid& id) {
  return {MuseumTypes().Find(Exhibit::descriptor()), tenant, id};
}

Uuid StoreConformance::Id(uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

Exhibit StoreConformance::AnExhibit(uint8_t number) {
  Exhibit exhibit;
  exhibit.set_name("exhibits/" + Id(number).ToString());
  exhibit.set_display_name("Exhibit " + std::to_string(number));
  return exhibit;
}

std::vector<CommitResult> StoreConformance::Commit(const std::vector<const WriteSet*>& group) {
  return store_->Commit(group, {});
}

kernel::v1::LogRow StoreConformance::PutFor(const Uuid& tenant, const Exhibit& exhibit,
                                            std::optional<Time> occurred) {
  auto set = decider_->Decide(tenant, [&](Call& call) {
    auto known = call.Find<Exhibit>(exhibit.name());
    if (!known.ok()) return known.status();
    const char* fact = !*known                                                     ? "created"
                       : exhibit.has_delete_time() && !(*known)->has_delete_time() ? "deleted"
                                                                                   : "updated";
    return call.StoreWithFact(exhibit, fact, occurred);
  });
  auto result = Commit({set.get()}).front();
  if (result.outcome != CommitResult::Outcome::kCommitted || result.log.size() != 1) {
    throw std::runtime_error("not stored: " + result.status.ToString());
  }
  Number(set->log.front(), result.log.front());
  return std::move(set->log.front());
}

std::vector<int> StoreConformance::List(const std::string& filter, std::vector<OrderTerm> order,
                                        const std::function<void(ListQuery&)>& adjust) {
  const RecordType& type = *MuseumTypes().Find(Exhibit::descriptor());
  auto checked = filter::ParseAndCheck(filter, type.filter_schema());
  if (!checked.ok()) throw std::runtime_error(checked.status().ToString());
  ListQuery query;
  query.type = &type;
  query.tenant = tenant_;
  query.filter = &*checked;
  query.now = clock_.Now();
  query.order = std::move(order);
  if (adjust) adjust(query);
  auto listed = store_->List(query, {});
  if (!listed.ok()) throw std::runtime_error(listed.status().ToString());
  std::vector<int> numbers;
  for (const auto& item : *listed) numbers.push_back(item.record.id.bytes[15]);
  return numbers;
}

std::vector<kernel::v1::LogRow> StoreConformance::Log(
    const std::function<void(LogQuery&)>& adjust) {
  LogQuery query;
  query.tenant = tenant_;
  if (adjust) adjust(query);
  auto rows = store_->ReadLog(query, {});
  if (!rows.ok()) throw std::runtime_error(rows.status().ToString());
  return std::move(*rows);
}

}  // namespace crm::test
