#include "libs/filter/order_by.h"

#include <algorithm>

#include "libs/filter/lexer.h"

namespace crm::filter {

namespace {

constexpr std::string_view kField = "order_by";

Status Unexpected(const Token& token, std::string message) {
  if (!token.source.empty()) message += ", found '" + std::string(token.source) + "'";
  return SyntaxError(token.position, std::move(message), kField);
}

}  // namespace

Result<OrderBy> OrderBy::Parse(std::string_view text) {
  Result<std::vector<Token>> lexed = Lex(text, kField);
  if (!lexed.ok()) return lexed.status();
  using Kind = Token::Kind;
  OrderBy order;
  const Token* token = lexed->data();
  if (token->kind == Kind::kEnd) return order;
  while (true) {
    Key key{.position = token->position};
    for (bool first = true; first || (token->kind == Kind::kDot && !token->space_before);
         first = false) {
      if (!first) ++token;
      bool fits = token->kind == Kind::kText || (!first && token->kind == Kind::kString);
      if (!fits) return Unexpected(*token, "expects a field here");
      key.path.push_back((token++)->word);
    }
    bool direction = token->word.text == "desc" || token->word.text == "asc";
    if (token->kind == Kind::kText && direction) {
      key.descending = (token++)->word.text == "desc";
    }
    order.keys_.push_back(std::move(key));
    if (token->kind == Kind::kEnd) return order;
    if (token->kind != Kind::kComma) return Unexpected(*token, "expects ',', asc or desc here");
    ++token;
    if (order.keys_.size() == kMaxOrderKeys) {
      return Unexpected(*token, "has more than " + std::to_string(kMaxOrderKeys) + " fields");
    }
  }
}

Result<CheckedOrder> Check(const OrderBy& order, const Schema& schema) {
  std::vector<CheckedOrder::Key> keys;
  for (const OrderBy::Key& key : order.keys()) {
    Result<FieldPath> path = schema.Resolve(key.path, key.position, kField);
    if (!path.ok()) return path.status();
    std::string name = "names \"" + path->text + "\", which ";
    bool ordered = path->type != Type::kMessage && path->type != Type::kMap &&
                   path->type != Type::kBytes && !path->multiple &&
                   path->root == FieldPath::kSubject;
    if (!ordered) return SyntaxError(key.position, name + "has no order", kField);
    bool again = std::any_of(keys.begin(), keys.end(),
                             [&](const auto& known) { return known.path.text == path->text; });
    if (again) return SyntaxError(key.position, name + "it names before", kField);
    keys.push_back({std::move(*path), key.descending});
  }
  return CheckedOrder(std::move(keys));
}

std::string CheckedOrder::ToText() const {
  std::string text;
  for (const Key& key : keys_) {
    if (!text.empty()) text += ", ";
    text += key.path.text + (key.descending ? " desc" : "");
  }
  return text;
}

int CompareKey(const CheckedOrder::Key& key, const std::optional<Value>& left,
               const std::optional<Value>& right) {
  int order = left && right
                  ? CompareValues(*left, *right)
                  : static_cast<int>(right.has_value()) - static_cast<int>(left.has_value());
  return key.descending ? -order : order;
}

int CheckedOrder::Compare(const google::protobuf::Message& left,
                          const google::protobuf::Message& right) const {
  for (const Key& key : keys_) {
    int order = CompareKey(key, ReadValue(key.path, left), ReadValue(key.path, right));
    if (order != 0) return order;
  }
  return 0;
}

}  // namespace crm::filter
