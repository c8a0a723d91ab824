// What a filter asks of one text field, for stores that can leave out the rest before they
// evaluate.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "libs/filter/checked_filter.h"

namespace crm::filter {

// Only messages whose text field `path` is one of `texts` can match.
struct TextsOfField {
  std::string path;
  std::set<std::string, std::less<>> texts;
};

// Where the filter says so: `a = "x"`, `a = "x" OR a = "y"`, either with more joined by AND.
// nullopt says nothing.
std::optional<TextsOfField> RequiredTexts(const CheckedFilter& filter);

}  // namespace crm::filter
