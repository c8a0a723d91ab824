// Records as they were: reads of a call whose context names a moment (as_of, effective_as_of). They
// come from the event log and need the caller's scope both for the record as it was then and as it
// is today.
#pragma once

#include <vector>

#include "libs/command/call.h"
#include "libs/entity/crud.h"

namespace crm::entity {

// A record and where it stands in a list.
struct ListedMessage {
  ListPosition position;
  MessagePtr message;
};

// NOT_FOUND where it did not exist then.
Result<MessagePtr> GetPast(Call& call, const RecordType& type, std::string_view name);

// The first `query.limit` records in the query's order behind its position, decided in memory over
// the whole collection; the memory it takes is that of one page.
Result<std::vector<ListedMessage>> ListPast(Call& call, const ListQuery& query);

}  // namespace crm::entity
