// Undo of a group of changes to one record: a pure decision over its history.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crm/kernel/v1/log.pb.h"
#include "crm/kernel/v1/operations_service.pb.h"
#include "libs/command/record_type.h"

namespace crm::operations {

struct UndoDecision {
  kernel::v1::UndoneRecord record;
  // What to store, and under which generic fact ("updated", "deleted", "undeleted"); nullptr:
  // nothing.
  std::unique_ptr<google::protobuf::Message> after;
  std::string fact;
};

// `history` are all rows of the record, oldest first; `in_group` says which are to be taken back;
// `current` is the record now. Lifecycle state is a field like others here: a group that won a deal
// is taken back by opening it again.
Result<UndoDecision> DecideUndo(const RecordType& type,
                                const std::vector<kernel::v1::LogRow>& history,
                                const std::function<bool(const kernel::v1::LogRow&)>& in_group,
                                const google::protobuf::Message& current, Time now);

}  // namespace crm::operations
