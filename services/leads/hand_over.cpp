#include "services/leads/hand_over.h"

#include "crm/leads/v1/lead_events.pb.h"
#include "libs/command/record_codec.h"
#include "libs/people/people.h"
#include "services/leads/lead.h"

namespace crm::leads {

using v1::HandOverLeadsRequest;
using v1::HandOverLeadsResponse;
using v1::Lead;

namespace {

constexpr char kTimer[] = "hand_over";
constexpr size_t kMostInOneCall = 200;

// `to` empty: the leads go back to their departments.
Result<HandOverLeadsResponse> Move(Call& call, const HandOverLeadsRequest& request) {
  std::string department;
  if (!request.to().empty()) {
    auto user = people::FindActiveUser(call, request.to(), "to");
    if (!user.ok()) return user.status();
    department = user->department();
  }
  const RecordType& type = *call.types().Find(Lead::descriptor());
  auto owned = filter::FieldEquals(type.filter_schema(), "owner", request.from());
  if (!owned.ok()) return owned.status();
  auto open = filter::ParseAndCheck("state = NEW OR state = WORKING", type.filter_schema());
  if (!open.ok()) return open.status();
  auto filter = owned->And(*open);
  ListQuery query;
  query.type = &type;
  query.filter = &filter;
  query.limit = kMostInOneCall;
  auto listed = call.List(query);
  if (!listed.ok()) return listed.status();
  HandOverLeadsResponse response;
  for (const auto& item : *listed) {
    auto lead = call.Find<Lead>(type.Name(item.record.id));
    if (!lead.ok()) return lead.status();
    bool still = *lead && !(*lead)->has_delete_time() && (*lead)->owner() == request.from() &&
                 IsOpen(**lead);
    if (!still) continue;
    v1::LeadAssigned fact;
    fact.set_previous_owner(request.from());
    fact.set_by("hand_over");
    fact.set_reason(request.reason());
    (*lead)->set_owner(request.to());
    if (!department.empty()) (*lead)->set_department(department);
    if (auto status = call.Store(**lead, fact); !status.ok()) return status;
    response.set_moved(response.moved() + 1);
  }
  if (listed->size() < kMostInOneCall) return response;
  response.set_pending(true);
  auto status = call.SetTimer(kTimer, request.from(), call.now(), request);
  if (!status.ok()) return status;
  return response;
}

}  // namespace

Result<HandOverLeadsResponse> HandOverLeads(Call& call, const HandOverLeadsRequest& request) {
  if (request.from().empty()) return InvalidField("from", "is required");
  if (request.to().empty()) return InvalidField("to", "is required");
  if (request.to() == request.from()) return InvalidField("to", "is the same person");
  return Move(call, request);
}

Status HandOverOf(Call& call, const identity::v1::User& user,
                  const identity::v1::UserDismissed& fact) {
  HandOverLeadsRequest request;
  request.set_from(user.name());
  request.set_to(fact.successor());
  request.set_reason(user.display_name() + " has left");
  if (request.to().empty()) {
    auto head = people::SuperiorOf(call, user);
    if (!head.ok()) return head.status();
    request.set_to(*head);
  }
  auto moved = Move(call, request);
  // Whoever was to take over has left as well by now: the department has it.
  if (!moved.ok() && moved.status().reason() == "USER_DISMISSED") {
    request.clear_to();
    moved = Move(call, request);
  }
  return moved.status();
}

TimerHandler HandOverTimer() {
  return {kTimer, [](Call& call, const FiredTimer& fired) {
            HandOverLeadsRequest request;
            if (auto status = DecodeRecord(fired.timer.payload(), request); !status.ok()) {
              return status;
            }
            return Move(call, request).status();
          }};
}

}  // namespace crm::leads
