#include "tools/crmctl/mapping.h"

#include <algorithm>

#include "libs/base/clock.h"
#include "libs/base/money.h"

namespace crm::ctl {

namespace {

std::string Trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Result<std::string> MoneyText(const ValueRule& rule, const std::string& text) {
  auto currency = Currency::Parse(rule.currency);
  if (!currency) return currency.status();
  auto amount = Money::FromDecimal(text, *currency);
  if (!amount) return amount.status();
  auto total = amount->Times(rule.times);
  if (!total) return total.status();
  return total->ToString();
}

Result<std::string> TimeText(const ValueRule& rule, const std::string& text) {
  std::string time = text + "T" + rule.time_of_day;
  if (ParseTime(time)) return time;
  return InvalidArgument("DATE_MALFORMED", "'" + text + "' is not a date like 2026-01-31");
}

}  // namespace

std::vector<const ValueRule*> RulesOf(const Mapping& mapping) {
  std::vector<const ValueRule*> rules = {&mapping.key};
  for (const auto& rule : mapping.fields) rules.push_back(&rule);
  for (const auto& rule : mapping.create) rules.push_back(&rule);
  for (const auto& verb : mapping.verbs) {
    for (const auto& rule : verb.set) rules.push_back(&rule);
  }
  return rules;
}

bool Fits(const std::optional<RowCondition>& condition, const Row& row) {
  if (!condition) return true;
  return std::ranges::find(condition->in, row.Cell(condition->column)) != condition->in.end();
}

Result<std::string> Apply(const ValueRule& rule, const Row& row) {
  if (!Fits(rule.when, row)) return std::string();
  std::string text = rule.column.empty() ? rule.value : row.Cell(rule.column);
  if (rule.trim) text = Trimmed(text);
  auto alias = rule.alias.find(text);
  if (alias != rule.alias.end()) {
    text = alias->second;
  } else if (rule.only_aliases && !text.empty()) {
    return InvalidArgument("VALUE_UNKNOWN", "'" + text + "' is not in the mapping's table");
  }
  if (text.empty()) text = rule.fallback;
  if (text.empty() && rule.required) return InvalidArgument("CELL_EMPTY", "must not be empty");
  std::erase_if(text, [&rule](char c) { return rule.strip.find(c) != std::string::npos; });
  if (text.empty()) return text;
  if (!rule.currency.empty() || !rule.time_of_day.empty()) {
    auto value = rule.currency.empty() ? TimeText(rule, text) : MoneyText(rule, text);
    if (!value) return value.status();
    text = *value;
  }
  return rule.prefix + text;
}

}  // namespace crm::ctl
