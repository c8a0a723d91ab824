// HandOvers: all open records of one person become another's in one act (C12), for any records with
// an owner and a fact `handed_over` {previous_owner, reason}. A page of them moves in the call
// itself, the rest page by page by a durable timer, so a person with any number of records is
// moved, each with its event, and a crash in between loses nothing.
//
//   auto over = std::make_shared<const
//   HandOvers>(std::vector<Movable>{{types.Find(Deal::descriptor()), "state = OPEN"}});
//   definition.timers.push_back(over->Timer());
//   ... over->Begin(call, what);  // a kernel::v1::HandOver
//
// Immutable, so thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crm/kernel/v1/hand_over.pb.h"
#include "libs/command/call.h"
#include "libs/timers/timers.h"

namespace crm::entity {

// Records that move: those of `type` that match the condition (AIP-160; empty: all that are not
// deleted).
struct Movable {
  const RecordType* type = nullptr;
  std::string condition = "";
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
  // same; PERMISSION_DENIED where the caller may hand over only some of the records: half a
  // hand-over helps nobody.
  Result<HandOverProgress> Begin(Call& call, const kernel::v1::HandOver& what) const;

  // Begin for somebody who has left, in a consumer of identity's events: to the named successor or,
  // where that is empty, to the head of the department, asked of the service identity.
  // FAILED_PRECONDITION NO_SUCCESSOR where neither is known.
  Status OnDismissed(Call& call, const std::string& user, const std::string& successor,
                     const std::string& department) const;

  // Goes on with what Begin left. Kind "hand_over".
  TimerHandler Timer() const;

 private:
  struct Kind {
    const RecordType* type;
    filter::CheckedFilter condition;
    const google::protobuf::FieldDescriptor* fact;
  };

  Result<HandOverProgress> MovePage(Call& call, const kernel::v1::HandOver& what) const;
  // False: the record is not to be moved any more.
  Result<bool> MoveOne(Call& call, const Kind& kind, const std::string& name,
                       const kernel::v1::HandOver& what) const;

  std::vector<Kind> kinds_;
};

}  // namespace crm::entity
