// Look-ups that several checks share. Private to the checker.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "libs/command/log_row.h"
#include "tests/chaos/evidence.h"

namespace crm::chaos {

// A subject of a tenant as one text.
inline std::string SubjectKey(const Uuid& tenant, const std::string& subject) {
  return tenant.ToString() + "/" + subject;
}
inline std::string SubjectKey(const LogRow& row) {
  return SubjectKey(TenantOf(row), row.subject());
}

// Events by their id, over all services.
inline std::unordered_map<std::string, const LogRow*> EventsById(const Evidence& evidence) {
  std::unordered_map<std::string, const LogRow*> events;
  for (const auto& [name, service] : evidence.services) {
    for (const auto& row : service.log) events.emplace(row.event_id(), &row);
  }
  return events;
}

// The rows of each subject of a service, in the order of the log.
inline std::map<std::string, std::vector<const LogRow*>> Histories(const ServiceEvidence& service) {
  std::map<std::string, std::vector<const LogRow*>> histories;
  for (const auto& row : service.log) histories[SubjectKey(row)].push_back(&row);
  return histories;
}

// "leads/0190...@2 (LeadAssigned)"
inline std::string NameOf(const LogRow& row) {
  return row.subject() + "@" + std::to_string(row.version()) + " (" +
         row.type().substr(row.type().rfind('.') + 1) + ")";
}

}  // namespace crm::chaos
