// Which records a principal may see or change: grants compiled to one condition, used by gets (in
// memory), lists, searches and reports (SQL) and streams alike, so that all of them obey the same
// rule.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/command/principal.h"
#include "libs/command/record_type.h"
#include "libs/filter/checked_filter.h"
#include "libs/filter/evaluate.h"

namespace crm {

// The condition under which `principal` may do `action` to records of `type`; nullopt: to all of
// them. PERMISSION_DENIED where no grant covers the action at all.
Result<std::optional<filter::CheckedFilter>> ScopeFilter(const RecordType& type,
                                                         const Principal& principal,
                                                         std::string_view action);

// The same for one record.
bool MaySee(const RecordType& type, const Principal& principal, std::string_view action,
            const google::protobuf::Message& record, Time now);

// PERMISSION_DENIED with reason PERMISSION_DENIED and metadata permission = "lead.convert".
Status PermissionDenied(std::string_view object, std::string_view action);

}  // namespace crm
