// What a service adds to the standard methods of one resource: pure functions, all optional.
//
//   entity::HooksOf<Lead> hooks;
//   hooks.defaults = [](Call&, Lead& lead) { lead.set_state(Lead::NEW); return Status::Ok(); };
//   StandardMethods(service, types, settings, hooks);
#pragma once

#include <google/protobuf/message.h>

#include <functional>

#include "libs/base/status.h"
#include "libs/command/call.h"

namespace crm::entity {

// They may load records, never store any, and can be run again like the method they serve. A status
// that is not OK refuses the call.
struct Hooks {
  using Message = google::protobuf::Message;

  // A new record before it is checked: has its name and what the client sent, without the fields
  // that only the server sets.
  std::function<Status(Call&, Message& record)> defaults;
  // Before every create (`before` is nullptr), update and undelete, after the checks of the
  // options; may bring `after` into a normal form.
  std::function<Status(Call&, const Message* before, Message& after)> validate;
  // `after` as the client wants it, before it is checked.
  std::function<Status(Call&, const Message& before, Message& after)> before_update;
  std::function<Status(Call&, const Message& record)> validate_delete;
};

// The same for one message type.
template <class M>
struct HooksOf {
  std::function<Status(Call&, M& record)> defaults;
  std::function<Status(Call&, const M* before, M& after)> validate;
  std::function<Status(Call&, const M& before, M& after)> before_update;
  std::function<Status(Call&, const M& record)> validate_delete;

  operator Hooks() const {  // NOLINT: made to be given where Hooks are wanted
    using Message = google::protobuf::Message;
    Hooks hooks;
    if (defaults) {
      hooks.defaults = [f = defaults](Call& call, Message& record) {
        return f(call, static_cast<M&>(record));
      };
    }
    if (validate) {
      hooks.validate = [f = validate](Call& call, const Message* before, Message& after) {
        return f(call, static_cast<const M*>(before), static_cast<M&>(after));
      };
    }
    if (before_update) {
      hooks.before_update = [f = before_update](Call& call, const Message& before, Message& after) {
        return f(call, static_cast<const M&>(before), static_cast<M&>(after));
      };
    }
    if (validate_delete) {
      hooks.validate_delete = [f = validate_delete](Call& call, const Message& record) {
        return f(call, static_cast<const M&>(record));
      };
    }
    return hooks;
  }
};

}  // namespace crm::entity
