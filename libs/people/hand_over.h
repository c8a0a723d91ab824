// HandOvers: all open records of one person become another's in one act (C12), for any records with
// an owner. A page of them moves in the call itself, the rest page by page by a durable timer, so a
// person with any number of records is moved, each with its event, and a crash in between loses
// nothing.
//
//   auto over = std::make_shared<const HandOvers>(
//       std::vector<Movable>{{&types.Of(Deal::descriptor()), "state = OPEN"}});
//   methods.push_back(BindHandOver<HandOverDealsRequest, HandOverDealsResponse>(
//       service, "HandOverDeals", over));
//   definition.consumers.push_back(over->Consumer("deals.on_identity"));
//   definition.timers.push_back(over->Timer());
//
// A record with a department goes to the new owner's.
//
// Immutable, so thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crm/identity/v1/identity.pb.h"
#include "crm/kernel/v1/hand_over.pb.h"
#include "libs/command/pipeline.h"
#include "libs/events/consumer.h"
#include "libs/timers/timers.h"

namespace crm::people {

// Stores a record that has its new owner already, with its fact and what the service keeps beside
// it.
using StoreMoved = std::function<Status(Call&, const google::protobuf::Message& record,
                                        const kernel::v1::HandOver& what)>;

// Records that move: those of `type` that match the condition (AIP-160; empty: all that are not
// deleted).
struct Movable {
  const RecordType* type = nullptr;
  std::string condition = "";
  // Unset: with the record's fact `handed_over` {previous_owner, reason}.
  StoreMoved store = nullptr;
  // Of use to its owner alone: stays where nobody takes over, or where the caller may not move it.
  bool personal = false;
};

struct HandOverProgress {
  int moved = 0;
  // More are being moved.
  bool pending = false;
};

class HandOvers : public std::enable_shared_from_this<HandOvers> {
 public:
  // Records that one call moves at most.
  static constexpr size_t kPage = 200;

  // Ends the process where a type has no owner or no such fact, or a condition does not fit: found
  // at start.
  explicit HandOvers(std::vector<Movable> movables);

  // Moves the first page. INVALID_ARGUMENT where `from` or `to` is no user's name or both are the
  // same; FAILED_PRECONDITION USER_DISMISSED where `to` has left; PERMISSION_DENIED where one of
  // the records is beyond the caller's scope: half a hand-over helps nobody.
  Result<HandOverProgress> Begin(Call& call, kernel::v1::HandOver what) const;

  // On UserDismissed, everything goes to the named successor, else to the superior, else (also
  // where that one has left as well by now) back to the department, without an owner.
  events::EventConsumer Consumer(std::string name) const;

  // Goes on with what Begin left. Kind "hand_over".
  TimerHandler Timer() const;

 private:
  struct Kind {
    Movable movable;
    filter::CheckedFilter condition;
  };

  Status OnDismissed(Call& call, const identity::v1::User& user,
                     const std::string& successor) const;
  // PERMISSION_DENIED where the caller may not hand over all that `from` has of a kind.
  Status CheckScope(Call& call, const Kind& kind, const std::string& from) const;
  // `to` empty: back to the departments.
  Result<HandOverProgress> MovePage(Call& call, const kernel::v1::HandOver& what) const;
  // The same; where `to` has left, as if it were empty.
  Result<HandOverProgress> MovePageToWhoIsThere(Call& call, kernel::v1::HandOver what) const;
  // False: the record is not to be moved any more.
  Result<bool> MoveOne(Call& call, const Kind& kind, const std::string& name,
                       const kernel::v1::HandOver& what, const std::string& department) const;

  std::vector<Kind> kinds_;
};

// The method that hands over; its request has from, to and reason, its response moved and pending.
template <class Request, class Response>
MethodBinding BindHandOver(const google::protobuf::ServiceDescriptor* service, const char* method,
                           std::shared_ptr<const HandOvers> hand_overs) {
  return Bind<Request, Response>(
      service, method,
      [hand_overs = std::move(hand_overs)](Call& call, const Request& request) -> Result<Response> {
        kernel::v1::HandOver what;
        what.set_from(request.from());
        what.set_to(request.to());
        what.set_reason(request.reason());
        auto progress = hand_overs->Begin(call, what);
        if (!progress.ok()) return progress.status();
        Response response;
        response.set_moved(progress->moved);
        response.set_pending(progress->pending);
        return response;
      });
}

}  // namespace crm::people
