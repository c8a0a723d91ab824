// Checks of what callers were told.
#include <algorithm>

#include "tests/chaos/checker.h"
#include "tests/chaos/checker_index.h"

namespace crm::chaos {

namespace {

using Outcome = Operation::Outcome;

// "leads/...@3" of a tenant.
std::string VersionKey(const std::string& tenant, const std::string& subject, int64_t version) {
  return tenant + "/" + subject + "@" + std::to_string(version);
}

bool OfCall(const LogRow& row) {
  for (const char* origin : {"consumer:", "timer:", "effect:", "command:"}) {
    if (row.origin().starts_with(origin)) return false;
  }
  return true;
}

// The calls that have one effect together.
struct Group {
  std::vector<const Operation*> operations;
  int found = 0;

  std::string Name() const { return operations.front()->method + " " + operations.front()->id; }
};

struct Calls {
  std::map<std::string, Group> groups;
  std::map<std::string, const Operation*> by_id;
  // By the label of the run; `found` are all events that bear it.
  std::map<std::string, Group> runs;
};

Calls Sort(const Evidence& evidence) {
  Calls calls;
  for (const auto& operation : evidence.operations) {
    if (!operation.run.empty()) {
      calls.runs[operation.run].operations.push_back(&operation);
      continue;
    }
    calls.groups[operation.group].operations.push_back(&operation);
    calls.by_id[operation.id] = &operation;
  }
  return calls;
}

// Adds the row to its call, or says that it comes from none.
void Attribute(const LogRow& row, Calls& calls, std::vector<std::string>& faults) {
  if (auto run = calls.runs.find(row.run()); run != calls.runs.end()) {
    ++run->second.found;
    return;
  }
  auto found = calls.by_id.find(row.correlation());
  if (found == calls.by_id.end() || found->second->method != row.origin()) {
    faults.push_back(NameOf(row) + " by " + row.origin() + " comes from no call");
    return;
  }
  if (found->second->tenant != TenantOf(row).ToString()) {
    faults.push_back(NameOf(row) + " is of another tenant than its call " + row.correlation());
  }
  ++calls.groups[found->second->group].found;
}

void JudgeGroup(const Group& group, std::vector<std::string>& faults) {
  bool any_ok = false;
  bool any_unknown = false;
  int events = 0;
  for (const auto* operation : group.operations) {
    any_ok = any_ok || operation->outcome == Outcome::kOk;
    any_unknown = any_unknown || operation->outcome == Outcome::kUnknown;
    events = std::max(events, operation->events);
    // An unknown hand-over: nobody was told how many it would move.
    if (operation->events < 0) return;
  }
  std::string found = "has " + std::to_string(group.found) + " events instead of ";
  if (any_ok && group.found != events) {
    faults.push_back(group.Name() + " was answered OK and " + found + std::to_string(events));
  } else if (!any_ok && any_unknown && group.found != 0 && group.found != events) {
    faults.push_back(group.Name() + " is unknown and " + found + "none or " +
                     std::to_string(events));
  } else if (!any_ok && !any_unknown && group.found != 0) {
    faults.push_back(group.Name() + " was refused and " + found + "none");
  }
}

}  // namespace

std::vector<std::string> CheckAnswers(const Evidence& evidence) {
  std::vector<std::string> faults;
  std::map<std::string, const Operation*> promised;
  for (const auto& operation : evidence.operations) {
    for (const auto& answer : operation.answers) {
      if (answer == operation.answers.front()) continue;
      faults.push_back(operation.method + " " + operation.id + " got different answers");
      break;
    }
    for (const auto& claim : operation.claims) {
      auto key = VersionKey(operation.tenant, claim.subject, claim.version);
      auto [known, is_new] = promised.emplace(key, &operation);
      if (is_new || known->second->group == operation.group) continue;
      faults.push_back(claim.subject + "@" + std::to_string(claim.version) + " was promised to " +
                       known->second->id + " and to " + operation.id);
    }
  }
  return faults;
}

std::vector<std::string> CheckHistory(const Evidence& evidence) {
  std::vector<std::string> faults;
  Calls calls = Sort(evidence);
  auto events = EventsById(evidence);
  std::map<std::string, const LogRow*> versions;
  for (const auto& [name, service] : evidence.services) {
    for (const auto& row : service.log) {
      versions[VersionKey(TenantOf(row).ToString(), row.subject(), row.version())] = &row;
      if (OfCall(row)) {
        Attribute(row, calls, faults);
      } else if (!row.origin().starts_with("command:") && !events.contains(row.causation())) {
        faults.push_back(NameOf(row) + " by " + row.origin() + " has no known cause");
      }
    }
  }
  for (const auto& [name, group] : calls.groups) {
    if (!group.operations.empty()) JudgeGroup(group, faults);
  }
  // Each row of an import is one event, however often the import was begun again.
  for (const auto& [run, group] : calls.runs) {
    const Operation& import = *group.operations.front();
    if (import.outcome != Outcome::kOk || group.found == import.events) continue;
    faults.push_back("the import " + run + " has " + std::to_string(group.found) +
                     " events instead of " + std::to_string(import.events));
  }
  for (const auto& [id, operation] : calls.by_id) {
    for (const auto& claim : operation->claims) {
      auto found = versions.find(VersionKey(operation->tenant, claim.subject, claim.version));
      std::string name = claim.subject + "@" + std::to_string(claim.version);
      if (found == versions.end()) {
        faults.push_back(name + " was promised to " + id + " and is not in the log");
      } else if (auto writer = calls.by_id.find(found->second->correlation());
                 writer == calls.by_id.end() || writer->second->group != operation->group) {
        faults.push_back(name + " was promised to " + id + " and written by " +
                         found->second->correlation());
      }
    }
  }
  return faults;
}

}  // namespace crm::chaos
