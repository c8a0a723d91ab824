// The reading half of Crud.
#include <map>

#include "libs/command/record_codec.h"
#include "libs/entity/crud.h"
#include "libs/entity/past.h"
#include "libs/entity/scope.h"
#include "libs/filter/checked_filter.h"
#include "libs/filter/order_by.h"

namespace crm::entity {

namespace {

// All of the request that must stay the same from page to page. The filter is last, because it may
// hold anything.
std::string BoundTo(const Call& call, const ListRequest& request, const std::string& order,
                    const filter::CheckedFilter& filter) {
  std::string text = call.context().origin + '\n' + call.tenant().ToString() + '\n';
  text += request.show_deleted ? "show_deleted\n" : "\n";
  if (const auto& past = call.context().past) {
    text += (past->first == Timeline::kRecorded ? "as_of " : "effective_as_of ") +
            FormatTime(past->second);
  }
  return text + '\n' + order + '\n' + filter.ToText();
}

struct Listed {
  ListPosition position;
  EncodedRecord record;
};

Result<std::vector<Listed>> ListPresent(Call& call, const ListQuery& query) {
  auto listed = call.List(query);
  if (!listed.ok()) return listed.status();
  std::vector<Listed> rows;
  rows.reserve(listed->size());
  for (auto& row : *listed) {
    rows.push_back({std::move(row.position), EncodeStored(*query.type, std::move(row.record))});
  }
  return rows;
}

Result<std::vector<Listed>> ListThen(Call& call, const ListQuery& query) {
  auto listed = ListPast(call, query);
  if (!listed.ok()) return listed.status();
  std::vector<Listed> rows;
  for (auto& row : *listed) rows.push_back({std::move(row.position), EncodeRecord(*row.message)});
  return rows;
}

// NOT_FOUND where there is none or the caller's scope does not cover it.
Result<EncodedRecord> Shown(const RecordType& type,
                            const std::optional<filter::CheckedFilter>& scope, Time now,
                            std::string_view name, std::optional<StoredRecord> record) {
  if (!record) return NotFound(name);
  if (scope) {
    MessagePtr message = type.NewMessage();
    if (auto status = DecodeRecord(record->body, *message); !status.ok()) return status;
    if (!Covers(scope, *message, now)) return NotFound(name);
  }
  return EncodeStored(type, std::move(*record));
}

}  // namespace

std::vector<Result<EncodedRecord>> Crud::Get(std::span<const Wanted> wanted,
                                             std::stop_token stop) const {
  std::vector<Result<EncodedRecord>> records;
  std::vector<RecordKey> keys;
  std::vector<size_t> asked;  // which of `wanted` a key is of
  for (const auto& [call, name] : wanted) {
    records.emplace_back(NotFound(name));
    auto id = type_.ParseName(name);
    if (!id.ok()) {
      records.back() = id.status();
    } else if (call->context().past) {
      auto record = GetPast(*call, type_, name);
      records.back() = record.ok() ? Result(EncodeRecord(**record)) : record.status();
    } else {
      asked.push_back(records.size() - 1);
      keys.push_back({&type_, call->tenant(), *id});
    }
  }
  if (keys.empty()) return records;
  auto stored = wanted.front().call->store().GetEach(keys, std::move(stop));
  std::map<const Call*, Result<std::optional<filter::CheckedFilter>>> scopes;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto& [call, name] = wanted[asked[i]];
    auto& record = records[asked[i]];
    auto known = scopes.find(call);
    if (known == scopes.end()) known = scopes.emplace(call, ScopeOf(*call, type_)).first;
    const auto& scope = known->second;
    if (!stored.ok()) {
      record = stored.status();
    } else if (!scope.ok()) {
      record = scope.status();
    } else {
      record = Shown(type_, *scope, call->now(), name, std::move((*stored)[i]));
    }
  }
  return records;
}

Result<std::vector<OrderTerm>> Crud::OrderOf(const std::string& order_by,
                                             std::string& canonical) const {
  auto parsed = filter::OrderBy::Parse(order_by);
  if (!parsed.ok()) return parsed.status();
  auto order = filter::Check(*parsed, type_.filter_schema());
  if (!order.ok()) return order.status();
  canonical = order->ToText();
  std::vector<OrderTerm> terms;
  for (const auto& key : order->keys()) {
    const Column* column = type_.FindColumn(key.path.text);
    if (column == nullptr || !column->sortable) {
      return InvalidArgument("ORDER_BY_INVALID",
                             "order_by: \"" + key.path.text + "\" cannot be sorted by.")
          .With("field", key.path.text)
          .Violates("order_by", "\"" + key.path.text + "\" cannot be sorted by");
    }
    terms.push_back({key.path.text, key.descending});
  }
  return terms;
}

Result<ListPage> Crud::List(Call& call, const ListRequest& request) const {
  if (request.page_size < 0) return InvalidField("page_size", "must not be negative");
  size_t size = static_cast<size_t>(
      request.page_size == 0 ? kDefaultPageSize : std::min(request.page_size, kMaxPageSize));
  auto filter = filter::ParseAndCheck(request.filter, type_.filter_schema());
  if (!filter.ok()) return filter.status();
  std::string order_text;
  auto order = OrderOf(request.order_by, order_text);
  if (!order.ok()) return order.status();

  ListQuery query;
  query.type = &type_;
  query.tenant = call.tenant();
  query.filter = filter->matches_everything() ? nullptr : &*filter;
  query.now = call.context().past ? call.context().past->second : call.now();
  query.order = std::move(*order);
  query.limit = size + 1;  // one more tells whether there is a next page
  query.show_deleted = request.show_deleted;
  std::string bound = BoundTo(call, request, order_text, *filter);
  if (!request.page_token.empty()) {
    auto position = settings_.page_tokens->Open(request.page_token, bound, type_, query.order);
    if (!position.ok()) return position.status();
    query.after = std::move(*position);
  }

  auto rows = call.context().past ? ListThen(call, query) : ListPresent(call, query);
  if (!rows.ok()) return rows.status();
  ListPage page;
  if (rows->size() > size) {
    rows->resize(size);
    page.next_page_token = settings_.page_tokens->Seal(rows->back().position, bound);
  }
  for (auto& row : *rows) page.records.push_back(std::move(row.record));
  return page;
}

}  // namespace crm::entity
