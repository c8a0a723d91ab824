// The condition that a call's own permission sets for records of a type. Private to libs/entity.
#pragma once

#include <optional>

#include "libs/command/access.h"
#include "libs/command/call.h"

namespace crm::entity {

// nullopt: none, because the permission is about another object or covers all records.
inline Result<std::optional<filter::CheckedFilter>> ScopeOf(const Call& call,
                                                            const RecordType& type) {
  if (call.context().object.empty() || call.context().object != type.object()) {
    return std::optional<filter::CheckedFilter>();
  }
  return ScopeFilter(type, call.principal(), call.context().action);
}

// Whether a scope covers a record at a moment.
inline bool Covers(const std::optional<filter::CheckedFilter>& scope,
                   const google::protobuf::Message& record, Time now) {
  filter::EvalContext context;
  context.now = now;
  return !scope || filter::Matches(*scope, record, context);
}

}  // namespace crm::entity
