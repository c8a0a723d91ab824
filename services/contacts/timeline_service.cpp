// How a timeline is read.
#include <algorithm>

#include "libs/command/access.h"
#include "libs/command/record_codec.h"
#include "libs/entity/standard_methods.h"
#include "services/contacts/timeline.h"

namespace crm::contacts {

namespace {

// Leads and deals whose items are joined at most; the newest ones win.
constexpr size_t kMaxLinked = 200;

Status CheckSubject(Call& call, const std::string& name) {
  const RecordType* type = call.types().FindName(name);
  bool party = type != nullptr && (type->message() == v1::Contact::descriptor() ||
                                   type->message() == v1::Company::descriptor());
  if (!party || !type->ParseName(name).ok()) {
    return InvalidField("subject", "must have the form contacts/{uuid} or companies/{uuid}");
  }
  auto record = call.FindMessage(*type, name);
  if (!record.ok()) return record.status();
  bool visible = *record != nullptr && MaySee(*type, call.principal(), "get", **record, call.now());
  return visible ? Status::Ok() : NotFound(name);
}

// The subject itself and the leads and deals of which items stand under it.
Result<std::vector<std::string>> Linked(Call& call, const RecordType& items,
                                        const std::string& subject) {
  auto under = filter::FieldEquals(items.filter_schema(), "subject", subject);
  if (!under.ok()) return under.status();
  AggregateQuery query;
  auto joined =
      filter::ParseAndCheck("record = \"leads/*\" OR record = \"deals/*\"", items.filter_schema());
  if (!joined.ok()) return joined.status();
  auto both = under->And(*joined);
  query.type = &items;
  query.tenant = call.tenant();
  query.filter = &both;
  query.now = call.now();
  query.group_by = {"record"};
  auto rows = call.store().Aggregate(query, call.stop());
  if (!rows.ok()) return rows.status();
  std::vector<std::string> names = {subject};
  for (auto row = rows->rbegin(); row != rows->rend() && names.size() <= kMaxLinked; ++row) {
    const auto* name = std::get_if<std::string>(&row->group.at(0));
    if (name != nullptr) names.push_back(*name);
  }
  return names;
}

Result<v1::ListTimelineResponse> ListTimeline(Call& call, const v1::ListTimelineRequest& request,
                                              const entity::PageTokens& tokens) {
  if (request.page_size() < 0) return InvalidField("page_size", "must not be negative");
  if (auto status = CheckSubject(call, request.subject()); !status.ok()) return status;
  const RecordType& items = call.types().Of(v1::TimelineItem::descriptor());
  auto names = Linked(call, items, request.subject());
  if (!names.ok()) return names.status();
  auto wanted = filter::FieldIsAnyOf(items.filter_schema(), "subject", *names);
  if (!wanted.ok()) return wanted.status();

  int asked = request.page_size() == 0 ? entity::kDefaultPageSize : request.page_size();
  size_t size = static_cast<size_t>(std::min(asked, entity::kMaxPageSize));
  ListQuery query;
  query.type = &items;
  query.filter = &*wanted;
  query.order = {{"occurred_time", true}};
  query.limit = size + 1;
  // Not bound to the linked names: a new deal must not end the reading.
  std::string bound = "timeline " + call.tenant().ToString() + " " + request.subject();
  if (!request.page_token().empty()) {
    auto position = tokens.Open(request.page_token(), bound, items, query.order);
    if (!position.ok()) return position.status();
    query.after = std::move(*position);
  }
  auto rows = call.List(query);
  if (!rows.ok()) return rows.status();
  v1::ListTimelineResponse response;
  if (rows->size() > size) {
    rows->resize(size);
    response.set_next_page_token(tokens.Seal(rows->back().position, bound));
  }
  for (const auto& row : *rows) {
    auto status = DecodeRecord(row.record.body, *response.add_timeline_items());
    if (!status.ok()) return status;
  }
  return response;
}

}  // namespace

std::vector<MethodBinding> TimelineMethods(const entity::Settings& settings) {
  return {Bind<v1::ListTimelineRequest, v1::ListTimelineResponse>(
      entity::FindService("crm.contacts.v1.TimelineService"), "ListTimeline",
      [tokens = settings.page_tokens](Call& call, const v1::ListTimelineRequest& request) {
        return ListTimeline(call, request, *tokens);
      })};
}

}  // namespace crm::contacts
