// Page tokens: what was sealed is opened, and nothing else is.
#include "crm/testing/v1/exhibit_events.pb.h"
#include "libs/entity/page_tokens.h"
#include "tests/fuzz/fuzz.h"

namespace crm::fuzz {

namespace {

const RecordType& Exhibits() {
  static const RecordTypes types({testing::v1::Exhibit::descriptor()});
  return types.Of(testing::v1::Exhibit::descriptor());
}

const std::vector<OrderTerm> kOrder = {
    {"year", true}, {"display_name", false}, {"fragile", false}, {"loan_end_time", true}};

ColumnValue ValueOf(ColumnKind kind, Bytes& bytes) {
  if (bytes.Byte() % 4 == 0) return {};
  switch (kind) {
    case ColumnKind::kBool:
      return bytes.Byte() % 2 == 0;
    case ColumnKind::kInt:
      return static_cast<int64_t>(bytes.Number(8));
    case ColumnKind::kText:
      return std::string(bytes.Take(bytes.Byte()));
    case ColumnKind::kTime:
      return Time(std::chrono::microseconds(static_cast<int64_t>(bytes.Number(6))));
  }
  return {};
}

void CheckRefused(const Result<ListPosition>& opened, std::string_view token) {
  Expect(!opened.ok(), "no other token opens", token);
  Expect(opened.status().reason() == "PAGE_TOKEN_INVALID", "a refusal says so",
         opened.status().ToString());
}

}  // namespace

void TakeInput(std::string_view input) {
  static const auto tokens = *entity::PageTokens::Create(std::string(32, 's'));
  CheckRefused(tokens.Open(input, "request", Exhibits(), kOrder), input);

  Bytes bytes(input);
  ListPosition position;
  for (auto& byte : position.id.bytes) byte = bytes.Byte();
  for (const auto& term : kOrder) {
    const Column* column = Exhibits().FindColumn(term.field_path);
    position.values.push_back(ValueOf(column->kind, bytes));
  }
  const std::string request(bytes.Take(bytes.Byte()));
  const std::string token = tokens.Seal(position, request);
  auto opened = tokens.Open(token, request, Exhibits(), kOrder);
  // A text that is not UTF-8 cannot have come from a record.
  if (opened.ok()) {
    Expect(opened->id == position.id && opened->values == position.values, "it is what was sealed");
  }
  CheckRefused(tokens.Open(token, request + "x", Exhibits(), kOrder), token);
  std::string forged = token;
  forged[bytes.Below(forged.size())] ^= static_cast<char>(1 + bytes.Byte() % 127);
  CheckRefused(tokens.Open(forged, request, Exhibits(), kOrder), forged);
  CheckRefused(tokens.Open(token.substr(0, bytes.Below(token.size())), request, Exhibits(), kOrder),
               token);
}

}  // namespace crm::fuzz
