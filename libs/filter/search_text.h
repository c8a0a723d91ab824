// How text is made comparable for search by fragment; the same for what is stored and for what is
// looked for.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "libs/filter/field_path.h"

namespace crm::filter {

// Unicode NFKC with case folding, without Hebrew points and Arabic vowel marks, with runs of white
// space as one space and none at the ends. Hebrew geresh, gershayim and maqaf, and typographic
// quotes and hyphens, become their ASCII likes. Idempotent. Bytes that are no UTF-8 become U+FFFD.
std::string NormalizeForSearch(std::string_view text);

// The normalised texts of the string fields at the paths, each on a line of its own, so that no
// fragment spans two. Empty ones are left out.
std::string SearchText(const google::protobuf::Message& message, std::span<const FieldPath> paths);

}  // namespace crm::filter
