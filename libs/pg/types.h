// PostgreSQL's built-in types that statements and rows may use, by their fixed oids.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace crm::pg {

enum class Type : uint32_t {
  kBool = 16,
  kBytea = 17,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kOid = 26,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kVarchar = 1043,
  kTimestamptz = 1184,
  kNumeric = 1700,
  kVoid = 2278,
  kUuid = 2950,
  kJsonb = 3802,
};

// A parameter as its statement declares it: "$1::uuid" or "$2::bigint[]".
struct ParamType {
  Type type;
  bool array = false;
  bool operator==(const ParamType&) const = default;
};

// The oid that PostgreSQL knows the parameter's type (or array type) by.
uint32_t OidOf(ParamType type);

// "timestamptz" for messages; "type 1234" where we do not know it.
std::string TypeName(uint32_t oid);

// The types of $1, $2, ... as the first cast of each says. Declaring them keeps a null typed and
// makes the binary form of a parameter certain. INTERNAL with reason PG_BAD_STATEMENT where a
// parameter has no cast or one to a type not listed above.
Result<std::vector<ParamType>> ParamTypesOf(std::string_view sql);

// PostgreSQL counts microseconds from 2000-01-01.
inline constexpr int64_t kEpochOffset = 946'684'800'000'000;

}  // namespace crm::pg
