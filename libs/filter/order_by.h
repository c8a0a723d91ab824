// AIP-132's order_by: "create_time desc, display_name".
//
//   order_by : [key {"," key}]
//   key      : path ["asc" | "desc"]       asc where nothing is said; spaces do not matter
//
// Unset is above every value, as NULL is in PostgreSQL's default order (last when ascending, first
// when descending).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/filter/schema.h"

namespace crm::filter {

inline constexpr size_t kMaxOrderKeys = 8;

// An order that is well formed. A value.
class OrderBy {
 public:
  struct Key {
    std::vector<Word> path{};
    bool descending = false;
    size_t position = 0;
  };

  // INVALID_ARGUMENT with reason ORDER_BY_INVALID, metadata "position" and a violation of field
  // "order_by".
  static Result<OrderBy> Parse(std::string_view text);
  const std::vector<Key>& keys() const { return keys_; }

 private:
  std::vector<Key> keys_;
};

// An order that fits a schema. A value; does not need its schema any more.
class CheckedOrder {
 public:
  struct Key {
    FieldPath path;
    bool descending = false;
  };

  CheckedOrder() = default;
  explicit CheckedOrder(std::vector<Key> keys) : keys_(std::move(keys)) {}

  const std::vector<Key>& keys() const { return keys_; }
  // Canonical: "create_time desc, display_name".
  std::string ToText() const;
  // <0, 0, >0: where `left` stands relative to `right`. Thread-safe.
  int Compare(const google::protobuf::Message& left, const google::protobuf::Message& right) const;

 private:
  std::vector<Key> keys_;
};

// Each key must be a field of the subject with an order (not repeated, not a message or a map) that
// the schema's gate lets through, named once.
Result<CheckedOrder> Check(const OrderBy& order, const Schema& schema);

// One key's part of an order: values of its type, nullopt is unset.
int CompareKey(const CheckedOrder::Key& key, const std::optional<Value>& left,
               const std::optional<Value>& right);

}  // namespace crm::filter
