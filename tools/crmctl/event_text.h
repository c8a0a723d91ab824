// Events of the log as text: what happened, who did it, and which fields changed from what to what.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <string>
#include <vector>

#include "crm/events/v1/event_service.pb.h"
#include "tools/crmctl/session.h"

namespace crm::ctl {

// One field of a record before and after an event; empty: not set.
struct FieldChange {
  std::string field;
  std::string before;
  std::string after;
};

// What the event changed; for the first version of a record, all that was set. Empty where the
// server does not describe the event's type.
std::vector<FieldChange> ChangesOf(Session& session, const events::v1::Event& event);

// "LeadConverted" for "crm.leads.v1.LeadConverted".
std::string ShortType(const events::v1::Event& event);

// "2026-01-31T08:00:00Z  LeadConverted  leads/ID v3  by users/ID".
std::string EventLine(const events::v1::Event& event);

// The event with its changes, for programs.
google::protobuf::Struct EventStruct(const events::v1::Event& event,
                                     const std::vector<FieldChange>& changes);

}  // namespace crm::ctl
