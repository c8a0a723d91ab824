#include "libs/filter/required_texts.h"

namespace crm::filter {

namespace {

using Kind = Condition::Kind;

std::optional<TextsOfField> RequiredBy(const Condition& condition);

// Of those joined by OR: all must speak of one field.
std::optional<TextsOfField> RequiredByAll(const std::vector<Condition>& children) {
  std::optional<TextsOfField> all;
  for (const auto& child : children) {
    auto required = RequiredBy(child);
    if (!required || (all && all->path != required->path)) return std::nullopt;
    if (all) {
      all->texts.merge(required->texts);
    } else {
      all = std::move(required);
    }
  }
  return all;
}

std::optional<TextsOfField> RequiredBy(const Condition& condition) {
  if (condition.kind == Kind::kOr) return RequiredByAll(condition.children);
  if (condition.kind == Kind::kAnd) {
    for (const auto& child : condition.children) {
      if (auto required = RequiredBy(child)) return required;
    }
    return std::nullopt;
  }
  const auto* value = std::get_if<Value>(&condition.operand);
  bool equals = condition.kind == Kind::kCompare && condition.op == Operator::kEquals &&
                condition.path.root == FieldPath::kSubject && !condition.path.multiple &&
                value != nullptr && std::holds_alternative<std::string>(*value);
  if (!equals) return std::nullopt;
  return TextsOfField{condition.path.text, {std::get<std::string>(*value)}};
}

}  // namespace

std::optional<TextsOfField> RequiredTexts(const CheckedFilter& filter) {
  return RequiredBy(filter.condition());
}

}  // namespace crm::filter
