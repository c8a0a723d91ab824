// Checks of what followed from events and moments: consumers, timers, effects on the outside world.
#include <set>

#include "crm/activities/v1/activity.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "crm/testing/v1/exhibit.pb.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "tests/chaos/checker.h"
#include "tests/chaos/checker_index.h"
#include "tests/chaos/witness.h"

namespace crm::chaos {

using kernel::v1::Effect;

namespace {

// A timer may be that late when the evidence is taken.
constexpr auto kLateness = std::chrono::seconds(5);

const ServiceEvidence* Find(const Evidence& evidence, const std::string& service) {
  auto found = evidence.services.find(service);
  return found == evidence.services.end() ? nullptr : &found->second;
}

// The version up to which each subject must be applied by the consumer.
std::map<std::string, int64_t> Wanted(const Evidence& evidence, const ConsumerShape& consumer) {
  std::map<std::string, int64_t> wanted;
  for (const auto& source : consumer.sources) {
    const auto* service = Find(evidence, source);
    if (service == nullptr) continue;
    for (const auto& row : service->log) {
      if (consumer.Wants(row)) wanted[SubjectKey(row)] = row.version();
    }
  }
  return wanted;
}

void CheckConsumer(const Evidence& evidence, const ConsumerShape& consumer,
                   std::vector<std::string>& faults) {
  auto wanted = Wanted(evidence, consumer);
  const auto* service = Find(evidence, consumer.service);
  if (service == nullptr) return;
  for (const auto& [tenant, entry] : service->inbox) {
    if (entry.consumer() != consumer.name || entry.generation() != consumer.generation) continue;
    auto key = SubjectKey(tenant, entry.subject());
    auto found = wanted.find(key);
    std::string applied =
        consumer.name + " has applied " + key + " up to " + std::to_string(entry.last_version());
    if (entry.parked()) faults.push_back(consumer.name + " has parked " + key);
    if (found == wanted.end()) {
      faults.push_back(applied + ", which no log has");
      continue;
    }
    if (found->second != entry.last_version()) {
      faults.push_back(applied + " of " + std::to_string(found->second));
    }
    wanted.erase(found);
  }
  for (const auto& [key, version] : wanted) {
    faults.push_back(consumer.name + " has applied nothing of " + key);
  }
}

// Number of events of each lead.
std::map<std::string, int64_t> LeadEvents(const Evidence& evidence) {
  std::map<std::string, int64_t> counts;
  const auto* leads = Find(evidence, "leads");
  if (leads == nullptr) return counts;
  for (const auto& row : leads->log) {
    if (row.payload_type() == leads::v1::LeadEvent::descriptor()->full_name()) {
      ++counts[SubjectKey(row)];
    }
  }
  return counts;
}

void CheckWitness(const Evidence& evidence, std::vector<std::string>& faults) {
  const auto* witness = Find(evidence, "witness");
  if (witness == nullptr) return;
  std::map<std::string, std::map<std::string, int64_t>> counts;
  for (const auto& row : witness->records) {
    testing::v1::Exhibit count;
    if (!DecodeRecord(row.body, count).ok()) continue;
    counts[count.display_name()][SubjectKey(row.tenant, count.nickname())] = count.insured_minor();
  }
  for (const auto& [lead, events] : LeadEvents(evidence)) {
    for (auto [what, expected] : {std::pair{kEventCount, events}, std::pair{kFiringCount, 1L}}) {
      int64_t counted = counts[what][lead];
      if (counted == expected) continue;
      faults.push_back("the witness counted " + std::to_string(counted) + " " + what + " of " +
                       lead + " instead of " + std::to_string(expected));
    }
  }
}

// Every lead is given one task to contact it.
void CheckContactTasks(const Evidence& evidence, std::vector<std::string>& faults) {
  const auto* activities = Find(evidence, "activities");
  if (activities == nullptr) return;
  std::map<std::string, int64_t> tasks;
  for (const auto& row : activities->records) {
    activities::v1::Task task;
    if (!row.subject.starts_with("tasks/") || !DecodeRecord(row.body, task).ok()) continue;
    if (task.kind() == "contact_lead") ++tasks[SubjectKey(row.tenant, task.subject())];
  }
  for (const auto& [lead, events] : LeadEvents(evidence)) {
    if (tasks[lead] == 1) continue;
    faults.push_back(lead + " has " + std::to_string(tasks[lead]) + " contact tasks");
  }
}

// Reminders that are past their time have fired, once.
void CheckReminders(const Evidence& evidence, std::vector<std::string>& faults) {
  const auto* activities = Find(evidence, "activities");
  if (activities == nullptr) return;
  std::map<std::string, int> fired;
  for (const auto& row : activities->log) {
    if (row.type() == "crm.activities.v1.ReminderFired") ++fired[SubjectKey(row)];
  }
  for (const auto& row : activities->records) {
    activities::v1::Reminder reminder;
    if (!row.subject.starts_with("reminders/") || !DecodeRecord(row.body, reminder).ok()) continue;
    bool due = ToTime(reminder.remind_time()) < evidence.taken - kLateness;
    int times = fired[SubjectKey(row.tenant, row.subject)];
    if (due && !reminder.has_delete_time() && times != 1) {
      faults.push_back(row.subject + " has fired " + std::to_string(times) + " times");
    }
  }
}

}  // namespace

std::vector<std::string> CheckInbox(const Evidence& evidence) {
  std::vector<std::string> faults;
  for (const auto& consumer : evidence.consumers) CheckConsumer(evidence, consumer, faults);
  for (const auto& [name, service] : evidence.services) {
    for (const auto& [tenant, letter] : service.letters) {
      faults.push_back(letter.consumer() + " could not apply " + letter.subject() + "@" +
                       std::to_string(letter.event_version()) + ": " + letter.reason() + " " +
                       letter.message());
    }
  }
  return faults;
}

std::vector<std::string> CheckOnce(const Evidence& evidence) {
  std::vector<std::string> faults;
  std::set<std::string> seen;
  for (const auto& [name, service] : evidence.services) {
    for (const auto& row : service.log) {
      bool follows = row.origin().starts_with("consumer:") || row.origin().starts_with("timer:");
      if (!follows || row.causation().empty()) continue;
      auto effect = row.origin() + " " + row.causation() + " " + SubjectKey(row) + " " + row.type();
      if (!seen.insert(effect).second) {
        faults.push_back(NameOf(row) + " by " + row.origin() + " is there twice for one cause");
      }
    }
  }
  CheckWitness(evidence, faults);
  CheckContactTasks(evidence, faults);
  return faults;
}

std::vector<std::string> CheckTimers(const Evidence& evidence) {
  std::vector<std::string> faults;
  for (const auto& [name, service] : evidence.services) {
    for (const auto& [tenant, timer] : service.timers) {
      if (ToTime(timer.due_time()) >= evidence.taken - kLateness) continue;
      faults.push_back(name + ": " + timer.kind() + " of " + timer.subject() + " was due at " +
                       FormatTime(ToTime(timer.due_time())) + " and is still set");
    }
  }
  CheckReminders(evidence, faults);
  return faults;
}

std::vector<std::string> CheckEffects(const Evidence& evidence) {
  std::vector<std::string> faults;
  std::map<std::string, int> happened;
  for (const auto& key : evidence.ledger) ++happened[key];
  std::map<std::string, int64_t> expected;
  if (Find(evidence, "witness") != nullptr) expected = LeadEvents(evidence);
  for (const auto& [name, service] : evidence.services) {
    for (const auto& [tenant, effect] : service.effects) {
      if (effect.state() != Effect::CONFIRMED) {
        faults.push_back(effect.key() + " is " + Effect::State_Name(effect.state()));
      }
      if (happened[effect.key()] != 1) {
        faults.push_back(effect.key() + " happened " + std::to_string(happened[effect.key()]) +
                         " times");
      }
      happened.erase(effect.key());
      expected.erase(effect.key());
    }
  }
  for (const auto& [key, times] : happened) faults.push_back(key + " happened unasked");
  for (const auto& [key, events] : expected) faults.push_back(key + " was never asked for");
  return faults;
}

std::vector<std::string> CheckTenants(const Evidence& evidence) {
  std::vector<std::string> faults;
  auto events = EventsById(evidence);
  for (const auto& [name, service] : evidence.services) {
    for (const auto& row : service.log) {
      auto cause = events.find(row.causation());
      if (cause == events.end() || TenantOf(*cause->second) == TenantOf(row)) continue;
      faults.push_back(name + ": " + NameOf(row) + " follows from " + NameOf(*cause->second) +
                       " of another tenant");
    }
  }
  return faults;
}

}  // namespace crm::chaos
