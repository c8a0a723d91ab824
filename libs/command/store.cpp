#include "libs/command/store.h"

namespace crm {

Status FutureAsOf(Time time) {
  return Status(Code::kInvalidArgument, "AS_OF_IN_FUTURE",
                "What will be known at " + FormatTime(time) +
                    " cannot be asked yet; give a moment that has passed.")
      .Violates("as_of", "lies in the future");
}

}  // namespace crm
