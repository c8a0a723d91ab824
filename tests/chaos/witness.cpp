#include "tests/chaos/witness.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "crm/leads/v1/lead_events.pb.h"
#include "crm/testing/v1/exhibit_events.pb.h"

namespace crm::chaos {

using leads::v1::LeadEvent;
using testing::v1::Exhibit;

namespace {

constexpr char kTimer[] = "witness";
constexpr char kAdapter[] = "ledger";
constexpr auto kDelay = std::chrono::milliseconds(700);

constexpr char kTables[] = R"(
CREATE TABLE exhibits (LIKE record INCLUDING ALL,
  search_text text NOT NULL,
  display_name text COLLATE "C", code text COLLATE "C", state bigint, kind bigint, fragile boolean, year bigint,
  insured_minor bigint, weight_grams bigint, nickname text COLLATE "C", owner text COLLATE "C",
  department text COLLATE "C", room text COLLATE "C", email text COLLATE "C", hotline text COLLATE "C",
  loan_end_time timestamptz, create_time timestamptz, update_time timestamptz);
SELECT crm_protect('exhibits');
)";

// Every accepted key is a line. It has no answer to lose: what dies is our process.
class Ledger final : public EffectAdapter {
 public:
  explicit Ledger(std::string file) : file_(std::move(file)) {}

  std::string kind() const override { return kAdapter; }
  bool dedupes_by_key() const override { return false; }
  std::chrono::milliseconds sender_timeout() const override { return std::chrono::seconds(3); }

  EffectOutcome Send(const kernel::v1::Effect& effect) override {
    std::string line = effect.key() + "\n";
    int fd = open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    // One write, so that a death leaves the whole line or none of it.
    bool written = fd >= 0 && write(fd, line.data(), line.size()) == ssize_t(line.size());
    if (fd >= 0) close(fd);
    if (!written) return {EffectOutcome::Kind::kUnknown, "", "the ledger cannot be written"};
    return {EffectOutcome::Kind::kConfirmed, "line of " + effect.key(), ""};
  }

  EffectOutcome Query(const kernel::v1::Effect& effect) override {
    for (const auto& key : ReadLedger(file_)) {
      if (key == effect.key()) return {EffectOutcome::Kind::kConfirmed, "line of " + key, ""};
    }
    return {EffectOutcome::Kind::kRetry, "", "never arrived"};
  }

 private:
  const std::string file_;
};

Status Count(Call& call, const std::string& lead, const char* what) {
  const RecordType& type = call.types().Of(Exhibit::descriptor());
  std::string name = type.Name(NamedUuid(std::string("witness/") + what, lead));
  auto known = call.Find<Exhibit>(name);
  if (!known.ok()) return known.status();
  Exhibit count = known->value_or(Exhibit());
  count.set_name(name);
  count.set_display_name(what);
  count.set_nickname(lead);
  count.set_insured_minor(count.insured_minor() + 1);
  return *known ? call.Store(count, testing::v1::ExhibitUpdated())
                : call.Store(count, testing::v1::ExhibitCreated());
}

Status OnLead(Call& call, const LeadEvent& event, const events::Event& arrived) {
  const std::string& lead = event.lead().name();
  if (auto status = Count(call, lead, kEventCount); !status.ok()) return status;
  if (arrived.row.version() > 1) return Status::Ok();
  auto set = call.SetTimer(kTimer, lead, call.now() + kDelay, testing::v1::ExhibitShown());
  if (!set.ok()) return set;
  return call.RequestEffect(kAdapter, LedgerKey(call.tenant(), lead), lead, "");
}

}  // namespace

std::string LedgerKey(const Uuid& tenant, const std::string& lead) {
  return tenant.ToString() + "/" + lead;
}

std::vector<std::string> ReadLedger(const std::string& file) {
  std::vector<std::string> keys;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) keys.push_back(line);
  return keys;
}

ServiceDefinition DefineWitness(const entity::Settings&) {
  const char* file = std::getenv("CRM_WITNESS_LEDGER");
  ServiceDefinition service;
  service.name = "witness";
  service.types = std::make_shared<RecordTypes>(
      std::vector<const google::protobuf::Descriptor*>{Exhibit::descriptor()});
  service.migrations = {{"0001_witness", kTables}};
  service.consumers = {{.name = "witness.on_leads",
                        .sources = {"leads"},
                        .functions = {events::On<LeadEvent>(OnLead)}}};
  service.timers = {{kTimer, [](Call& call, const FiredTimer& fired) {
                       return Count(call, fired.timer.subject(), kFiringCount);
                     }}};
  service.effects = {std::make_shared<Ledger>(file == nullptr ? "" : file)};
  return service;
}

}  // namespace crm::chaos
