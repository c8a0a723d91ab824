// Lists: pages, filters, orders.
#include <algorithm>

#include "libs/command/memory_store.h"
#include "libs/entity/conformance_host.h"
#include "libs/filter/checked_filter.h"
#include "libs/filter/evaluate.h"

namespace crm::entity {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

constexpr int kRecords = 11;

bool CanList(const ConformanceHost& host) {
  return host.Method("List") != nullptr;
}
bool CanFilter(const ConformanceHost& host) {
  return CanList(host) && host.Takes("List", "filter");
}
bool CanOrder(const ConformanceHost& host) {
  return CanList(host) && host.Takes("List", "order_by");
}

using Names = std::vector<std::string>;

Names NamesOf(ConformanceHost& host, const std::vector<MessagePtr>& records) {
  Names names;
  for (const auto& record : records) names.push_back(host.NameOf(*record));
  return names;
}

// The records of a host, in the order of their names.
std::vector<MessagePtr> Populate(ConformanceHost& host) {
  for (int salt = 1; salt <= kRecords; ++salt) host.Created(salt);
  return host.List({});
}

void PagesAreStable(ConformanceHost& host) {
  Names names = NamesOf(host, Populate(host));
  ASSERT_GE(names.size(), static_cast<size_t>(kRecords));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  Names seen;
  ListAsk ask{.page_size = 3};
  int salt = 100;
  do {
    std::string next;
    auto page = host.Page(ask, host.calls().admin(), &next);
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    EXPECT_LE(page->size(), 3u);
    for (auto& name : NamesOf(host, *page)) seen.push_back(name);
    ask.page_token = next;
    if (salt < 104) host.Created(salt++);  // somebody else is not asleep
  } while (!ask.page_token.empty());
  Names distinct = seen;
  std::sort(distinct.begin(), distinct.end());
  EXPECT_EQ(std::unique(distinct.begin(), distinct.end()), distinct.end()) << "a record came twice";
  for (const auto& name : names) {
    EXPECT_NE(std::find(seen.begin(), seen.end(), name), seen.end()) << name << " was left out";
  }
}

void RefusesPagesThatItDidNotBegin(ConformanceHost& host) {
  Populate(host);
  std::string token;
  ASSERT_TRUE(host.Page({.page_size = 2}, host.calls().admin(), &token).ok());
  ASSERT_FALSE(token.empty());
  auto reason = [&](const ListAsk& ask, const Principal& as) {
    return host.Page(ask, as).status().reason();
  };
  const Principal& admin = host.calls().admin();
  EXPECT_TRUE(
      host.Page({.page_size = 5, .page_token = token}, admin).ok());  // another size is fine
  std::string forged = token;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(reason({.page_token = forged}, admin), "PAGE_TOKEN_INVALID");
  EXPECT_EQ(reason({.page_token = "?"}, admin), "PAGE_TOKEN_INVALID");
  if (host.Takes("List", "show_deleted")) {
    EXPECT_EQ(reason({.show_deleted = true, .page_token = token}, admin), "PAGE_TOKEN_INVALID");
  }
  Principal stranger = admin;
  stranger.tenant = NamedUuid("tenant", "stranger");
  EXPECT_EQ(reason({.page_token = token}, stranger), "PAGE_TOKEN_INVALID");
  EXPECT_EQ(host.Page({.page_size = -1}, admin).status().code(), Code::kInvalidArgument);
}

// Expects the list to be what evaluation in memory says. False: the field has no such operator.
bool ExpectFiltered(ConformanceHost& host, const std::vector<MessagePtr>& all,
                    const std::string& text) {
  auto filter = filter::ParseAndCheck(text, host.type().filter_schema());
  if (!filter.ok()) return false;
  filter::EvalContext context;
  context.now = host.calls().clock().Now();
  Names expected;
  for (const auto& record : all) {
    if (filter::Matches(*filter, *record, context)) expected.push_back(host.NameOf(*record));
  }
  EXPECT_EQ(NamesOf(host, host.List({.filter = text})), expected) << text;
  return true;
}

std::string Literal(const filter::FieldPath& path, const filter::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* time = std::get_if<Time>(&value)) return FormatTime(*time);
  const auto* number = std::get_if<int64_t>(&value);
  if (number == nullptr) return "";
  if (path.enumeration == nullptr) return std::to_string(*number);
  const auto* known = path.enumeration->FindValueByNumber(static_cast<int>(*number));
  return known == nullptr ? "" : known->name();
}

void ExpectComparisons(ConformanceHost& host, const std::vector<MessagePtr>& all,
                       const std::string& path, const std::string& literal) {
  auto equals = filter::FieldEquals(host.type().filter_schema(), path, literal);
  ASSERT_TRUE(equals.ok()) << equals.status().ToString();
  std::string text = equals->ToText();
  EXPECT_TRUE(ExpectFiltered(host, all, text)) << text;
  EXPECT_TRUE(ExpectFiltered(host, all, "NOT " + text)) << text;
  size_t sign = text.find(" = ");
  if (sign == std::string::npos) return;
  for (const char* other : {" != ", " < ", " <= ", " > ", " >= "}) {
    std::string changed = text;
    ExpectFiltered(host, all, changed.replace(sign, 3, other));
  }
}

// Every filterable column with values that occur, and with presence.
void FiltersAsMemoryDoes(ConformanceHost& host) {
  auto all = Populate(host);
  for (const auto& column : host.type().columns()) {
    if (!column.filterable) continue;
    std::set<std::string> tried;
    for (const auto& record : all) {
      auto value = filter::ReadValue(column.path, *record);
      std::string literal = value ? Literal(column.path, *value) : "";
      if (literal.empty() || tried.size() == 4) continue;
      if (tried.insert(literal).second) ExpectComparisons(host, all, column.field_path, literal);
    }
    EXPECT_TRUE(ExpectFiltered(host, all, column.field_path + ":*")) << column.name;
    // Only where the field can be unset at all.
    ExpectFiltered(host, all, column.field_path + " = null");
    ExpectFiltered(host, all, column.field_path + " != null");
  }
}

// The paths that lead to texts below a repeated or map field, with a text that occurs.
void CollectTexts(const Message& message, const FieldDescriptor* field, const std::string& path,
                  std::map<std::string, std::string>& texts) {
  const auto* reflection = message.GetReflection();
  int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
  for (int i = 0; i < count; ++i) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      std::string text = field->is_repeated() ? reflection->GetRepeatedString(message, field, i)
                                              : reflection->GetString(message, field);
      if (!text.empty()) texts[path] = text;
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const Message& child = field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                                : reflection->GetMessage(message, field);
    if (field->is_map()) {
      const auto* value = child.GetDescriptor()->map_value();
      const auto* key = child.GetDescriptor()->map_key();
      if (key->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
      CollectTexts(child, value, path + ".\"" + child.GetReflection()->GetString(child, key) + "\"",
                   texts);
      continue;
    }
    for (int f = 0; f < child.GetDescriptor()->field_count(); ++f) {
      const auto* below = child.GetDescriptor()->field(f);
      if (below->is_repeated() || child.GetReflection()->HasField(child, below)) {
        CollectTexts(child, below, path + "." + below->name(), texts);
      }
    }
  }
}

// Every repeated or map field with an index.
void FiltersListsAsMemoryDoes(ConformanceHost& host) {
  auto all = Populate(host);
  for (const auto& indexed : host.type().indexed()) {
    if (indexed.path.steps.size() != 1) continue;
    std::map<std::string, std::string> texts;
    for (const auto& record : all)
      CollectTexts(*record, indexed.path.steps[0].field, indexed.field_path, texts);
    for (const auto& [path, text] : texts) ExpectComparisons(host, all, path, text);
    EXPECT_TRUE(ExpectFiltered(host, all, indexed.field_path + ":*"));
    bool holds_texts = indexed.path.type != filter::Type::kEnum;
    EXPECT_EQ(texts.empty(), !holds_texts) << indexed.field_path;
  }
}

void FindsWordsAsMemoryDoes(ConformanceHost& host) {
  auto all = Populate(host);
  for (const char* words :
       {"beta", "שלום", "\"100%\"", "\"a_b\"", "\"1\"", "beta quoted", "-beta", "nowhere"}) {
    ExpectFiltered(host, all, words);
  }
}

void RefusesFiltersByOtherFields(ConformanceHost& host) {
  for (int i = 0; i < host.type().message()->field_count(); ++i) {
    const std::string& name = host.type().message()->field(i)->name();
    bool usable = !host.type().filter_schema().Resolve(name).status().ok();
    if (!usable) continue;
    auto refused = host.Page({.filter = name + ":*"}, host.calls().admin());
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << name;
  }
  EXPECT_EQ(host.Page({.filter = "no_such_field = 1"}, host.calls().admin()).status().reason(),
            "FILTER_INVALID");
  EXPECT_EQ(host.Page({.filter = "= ="}, host.calls().admin()).status().reason(), "FILTER_INVALID");
}

// Every sortable field in both directions, over page borders, unset values last.
void OrdersAsMemoryDoes(ConformanceHost& host) {
  auto all = Populate(host);
  for (const auto& column : host.type().columns()) {
    if (!column.sortable) continue;
    for (bool descending : {false, true}) {
      ListQuery query;
      query.type = &host.type();
      query.order = {{column.field_path, descending}};
      size_t at = static_cast<size_t>(&column - host.type().columns().data());
      std::vector<std::pair<ListPosition, std::string>> rows;
      for (const auto& record : all) {
        ListPosition position{{ColumnsOf(host.type(), *record)[at]},
                              *host.type().ParseName(host.NameOf(*record))};
        rows.emplace_back(std::move(position), host.NameOf(*record));
      }
      std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
        return ComparePositions(query, a.first, b.first) < 0;
      });
      Names expected;
      for (const auto& [position, name] : rows) expected.push_back(name);
      std::string order = column.field_path + (descending ? " desc" : "");
      EXPECT_EQ(NamesOf(host, host.List({.order_by = order, .page_size = 3})), expected) << order;
    }
  }
  EXPECT_EQ(host.Page({.order_by = "no_such_field"}, host.calls().admin()).status().reason(),
            "ORDER_BY_INVALID");
  EXPECT_EQ(host.Page({.order_by = "name desc asc"}, host.calls().admin()).status().reason(),
            "ORDER_BY_INVALID");
}

}  // namespace

const std::vector<ConformanceCheck>& ListChecks() {
  static const std::vector<ConformanceCheck> checks = {
      {"PagesAreStable", PagesAreStable, CanList},
      {"RefusesPagesThatItDidNotBegin", RefusesPagesThatItDidNotBegin, CanList},
      {"FiltersAsMemoryDoes", FiltersAsMemoryDoes, CanFilter},
      {"FiltersListsAsMemoryDoes", FiltersListsAsMemoryDoes, CanFilter},
      {"FindsWordsAsMemoryDoes", FindsWordsAsMemoryDoes, CanFilter},
      {"RefusesFiltersByOtherFields", RefusesFiltersByOtherFields, CanFilter},
      {"OrdersAsMemoryDoes", OrdersAsMemoryDoes, CanOrder},
  };
  return checks;
}

}  // namespace crm::entity
