// Names of metrics and labels: literals, checked when they are compiled.
#pragma once

#include <initializer_list>
#include <string_view>

namespace crm::metrics {

namespace internal {

constexpr bool IsSnake(std::string_view name) {
  if (name.empty() || name.front() == '_' || name.back() == '_') return false;
  char last = ' ';
  for (char c : name) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') return false;
    if (c == '_' && last == '_') return false;
    last = c;
  }
  return name.front() > '9';
}

}  // namespace internal

// crm_<part>_<what>_<unit>: "crm_rpc_call_seconds", "crm_relay_lag_seconds", "crm_rpc_calls_total".
// Base units only: seconds, bytes, ratios from 0 to 1.
class MetricName {
 public:
  consteval MetricName(const char* name) : name_(name) {  // NOLINT: implicit by design
    if (!internal::IsSnake(name_)) throw "a metric's name is lower_snake";
    if (!name_.starts_with("crm_")) throw "a metric's name begins with crm_";
    for (std::string_view end : {"_count", "_sum", "_bucket", "_milliseconds", "_ms", "_kb"}) {
      if (name_.ends_with(end)) throw "a metric's name ends with a base unit or _total";
    }
  }
  constexpr std::string_view text() const { return name_; }

 private:
  std::string_view name_;
};

// What a series is told apart by: few values, known when the code is written (module, method, code,
// topic). Never a tenant, a user or a record: those are found in logs and traces.
class LabelName {
 public:
  consteval LabelName(const char* name) : name_(name) {  // NOLINT: implicit by design
    if (!internal::IsSnake(name_)) throw "a label's name is lower_snake";
    for (std::string_view banned :
         {"le", "quantile", "tenant", "tenant_id", "user", "id", "name"}) {
      if (name_ == banned) throw "a label names nothing unbounded";
    }
  }
  constexpr std::string_view text() const { return name_; }

 private:
  std::string_view name_;
};

}  // namespace crm::metrics
