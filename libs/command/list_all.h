// All records of one type that meet a condition, for a service's own questions.
#pragma once

#include <vector>

#include "libs/command/call.h"
#include "libs/command/record_codec.h"

namespace crm {

// Bare records (without etags) in the order of their names, and of the caller's own scope where the
// call's permission is about them. A hint, like Call::List: Load or Find what is to be changed.
template <class M>
Result<std::vector<M>> ListAll(Call& call, const filter::CheckedFilter& filter) {
  ListQuery query;
  query.type = &call.types().Of(M::descriptor());
  query.filter = &filter;
  query.limit = 1000;
  std::vector<M> records;
  while (true) {
    auto page = call.List(query);
    if (!page.ok()) return page.status();
    for (const auto& listed : *page) {
      auto status = DecodeRecord(listed.record.body, records.emplace_back());
      if (!status.ok()) return status;
    }
    if (page->size() < query.limit) return records;
    query.after = page->back().position;
  }
}

// The same with a condition as text. Nothing from outside may be pasted into it: for that there is
// filter::FieldEquals.
template <class M>
Result<std::vector<M>> ListAll(Call& call, std::string_view condition) {
  auto filter = filter::ParseAndCheck(condition, call.types().Of(M::descriptor()).filter_schema());
  if (!filter.ok()) return filter.status();
  return ListAll<M>(call, *filter);
}

}  // namespace crm
