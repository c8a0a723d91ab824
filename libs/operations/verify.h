// Whether a record is the fold of its events.
#pragma once

#include <string>
#include <vector>

#include "libs/command/call.h"

namespace crm::operations {

// What differs, in a few words; empty: nothing does. `history` are all rows of the subject, oldest
// first. A record that moves while it is looked at is looked at again by its newest event.
Result<std::string> CompareWithLog(Call& call, const RecordTypes& types, const std::string& subject,
                                   const std::vector<kernel::v1::LogRow>& history);

}  // namespace crm::operations
