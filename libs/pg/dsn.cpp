#include "libs/pg/dsn.h"

#include "libs/pg/pq.h"

namespace crm::pg {
namespace {

std::string Quoted(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace

Result<std::string> DsnForRole(const std::string& dsn, const std::string& role,
                               const std::string& password) {
  char* error = nullptr;
  const ConninfoPtr options(PQconninfoParse(dsn.c_str(), &error));
  const std::unique_ptr<char, decltype(&PQfreemem)> message(error, &PQfreemem);
  if (options == nullptr) {
    return InvalidField("dsn", message ? message.get() : "It is no libpq connection string.");
  }
  std::string result = "user=" + Quoted(role);
  if (!password.empty()) result += " password=" + Quoted(password);
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view key = option->keyword;
    if (option->val == nullptr || key == "user" || key == "password") continue;
    result += " " + std::string(key) + "=" + Quoted(option->val);
  }
  return result;
}

}  // namespace crm::pg
