// Values of other variants as parameters: what a column or a translated filter holds.
#pragma once

#include <iterator>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "libs/pg/database.h"

namespace crm::pg {

// std::monostate is a null, a vector an array of what it holds, anything else a value.
template <class T>
Param ToParam(T content) {
  if constexpr (std::is_same_v<T, std::monostate>) {
    return Value(Null());
  } else {
    return Value(std::move(content));
  }
}

template <class T>
Param ToParam(std::vector<T> content) {
  return Array(std::vector<std::optional<T>>(std::move_iterator(content.begin()),
                                             std::move_iterator(content.end())));
}

template <class... Alternatives>
Param ToParam(const std::variant<Alternatives...>& value) {
  return std::visit([](const auto& content) { return ToParam(content); }, value);
}

}  // namespace crm::pg
