#include "libs/pg/types.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace crm::pg {
namespace {

struct Named {
  std::string_view name;
  Type type;
  uint32_t array_oid;
};

constexpr std::array kTypes = {
    Named{"bool", Type::kBool, 1000},
    Named{"boolean", Type::kBool, 1000},
    Named{"bytea", Type::kBytea, 1001},
    Named{"smallint", Type::kInt2, 1005},
    Named{"int2", Type::kInt2, 1005},
    Named{"int", Type::kInt4, 1007},
    Named{"integer", Type::kInt4, 1007},
    Named{"int4", Type::kInt4, 1007},
    Named{"bigint", Type::kInt8, 1016},
    Named{"int8", Type::kInt8, 1016},
    Named{"float8", Type::kFloat8, 1022},
    Named{"double precision", Type::kFloat8, 1022},
    Named{"text", Type::kText, 1009},
    Named{"varchar", Type::kVarchar, 1015},
    Named{"json", Type::kJson, 199},
    Named{"jsonb", Type::kJsonb, 3807},
    Named{"timestamptz", Type::kTimestamptz, 1185},
    Named{"uuid", Type::kUuid, 2951},
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<Type> TypeNamed(std::string_view name) {
  for (const Named& known : kTypes) {
    if (known.name == name) return known.type;
  }
  return std::nullopt;
}

// What follows "$1::"; `at` is moved behind it.
std::string CastAt(std::string_view sql, size_t& at) {
  std::string word;
  while (at < sql.size() && (IsWord(sql[at]) || IsDigit(sql[at]))) word += Lower(sql[at++]);
  if (word == "double" && sql.substr(at).starts_with(" precision")) {
    at += std::string_view(" precision").size();
    word = "double precision";
  }
  return word;
}

Status BadStatement(std::string message) {
  return Status(Code::kInternal, "PG_BAD_STATEMENT", std::move(message));
}

// Adds the parameter whose "$" is at `at`; moves `at` behind it and its cast.
Status AddParam(std::string_view sql, size_t& at, std::vector<std::optional<ParamType>>& types) {
  size_t number = 0;
  for (++at; at < sql.size() && IsDigit(sql[at]) && number < 100'000; ++at) {
    number = number * 10 + static_cast<size_t>(sql[at] - '0');
  }
  if (number == 0 || number > 65'535) {
    return BadStatement("A parameter's number must be within 1 and 65535.");
  }
  if (types.size() < number) types.resize(number);
  if (types[number - 1] || !sql.substr(at).starts_with("::")) return Status::Ok();
  at += 2;
  const std::string name = CastAt(sql, at);
  const auto type = TypeNamed(name);
  if (!type) {
    return BadStatement("Parameter $" + std::to_string(number) + " is cast to '" + name +
                        "', which this library does not send. Cast twice, as in $1::text::date.");
  }
  types[number - 1] = ParamType{*type, sql.substr(at).starts_with("[]")};
  return Status::Ok();
}

}  // namespace

uint32_t OidOf(ParamType param) {
  if (!param.array) return static_cast<uint32_t>(param.type);
  const auto* known = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const Named& named) { return named.type == param.type; });
  return known->array_oid;
}

std::string TypeName(uint32_t oid) {
  for (const Named& known : kTypes) {
    if (static_cast<uint32_t>(known.type) == oid) return std::string(known.name);
    if (known.array_oid == oid) return std::string(known.name) + "[]";
  }
  if (oid == static_cast<uint32_t>(Type::kNumeric)) return "numeric";
  return "type " + std::to_string(oid);
}

Result<std::vector<ParamType>> ParamTypesOf(std::string_view sql) {
  std::vector<std::optional<ParamType>> found;
  bool quoted = false;
  for (size_t at = 0; at < sql.size();) {
    if (sql[at] == '\'') quoted = !quoted;
    if (quoted || sql[at] != '$' || at + 1 == sql.size() || !IsDigit(sql[at + 1])) {
      ++at;
      continue;
    }
    if (Status status = AddParam(sql, at, found); !status.ok()) return status;
  }
  std::vector<ParamType> types;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) {
      return BadStatement("Parameter $" + std::to_string(i + 1) +
                          " has no cast; write it as in $1::uuid.");
    }
    types.push_back(*found[i]);
  }
  return types;
}

}  // namespace crm::pg
