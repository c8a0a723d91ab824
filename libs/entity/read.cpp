// The reading half of Crud.
#include <map>

#include "libs/command/event_builder.h"
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

Result<std::vector<ListedMessage>> ListPresent(Call& call, const ListQuery& query) {
  auto listed = call.List(query);
  if (!listed.ok()) return listed.status();
  std::vector<ListedMessage> rows;
  for (auto& row : *listed) {
    MessagePtr record = query.type->NewMessage();
    if (auto status = DecodeRecord(row.record.body, *record); !status.ok()) return status;
    SetEtag(*query.type, row.record.version, *record);
    rows.push_back({std::move(row.position), std::move(record)});
  }
  return rows;
}

}  // namespace

Result<MessagePtr> Crud::Get(Call& call, std::string_view name) const {
  if (call.context().past) return GetPast(call, type_, name);
  return Loaded(call, name, "", true);
}

Result<std::vector<MessagePtr>> Crud::GetMany(Call& call,
                                              const std::vector<std::string>& names) const {
  std::vector<MessagePtr> records;
  if (call.context().past) {
    for (const auto& name : names) {
      auto record = GetPast(call, type_, name);
      if (!record.ok() && record.status().code() != Code::kNotFound) return record.status();
      records.push_back(record.ok() ? std::move(*record) : nullptr);
    }
    return records;
  }
  std::vector<Uuid> ids;
  for (const auto& name : names) {
    auto id = type_.ParseName(name);
    if (!id.ok()) return id.status();
    ids.push_back(*id);
  }
  auto scope = ScopeOf(call, type_);
  if (!scope.ok()) return scope.status();
  auto stored = call.store().GetMany(type_, call.tenant(), ids, call.stop());
  if (!stored.ok()) return stored.status();
  std::map<Uuid, const StoredRecord*> by_id;
  for (const auto& record : *stored) by_id[record.id] = &record;
  for (const Uuid& id : ids) {
    records.push_back(nullptr);
    auto found = by_id.find(id);
    if (found == by_id.end()) continue;
    MessagePtr record = type_.NewMessage();
    if (auto status = DecodeRecord(found->second->body, *record); !status.ok()) return status;
    if (!Covers(*scope, *record, call.now())) continue;
    SetEtag(type_, found->second->version, *record);
    records.back() = std::move(record);
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

  auto rows = call.context().past ? ListPast(call, query) : ListPresent(call, query);
  if (!rows.ok()) return rows.status();
  ListPage page;
  if (rows->size() > size) {
    rows->resize(size);
    page.next_page_token = settings_.page_tokens->Seal(rows->back().position, bound);
  }
  for (auto& row : *rows) page.records.push_back(std::move(row.message));
  return page;
}

}  // namespace crm::entity
