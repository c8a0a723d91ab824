#include "libs/pg/sqlstate.h"

#include <array>
#include <string>

namespace crm::pg {
namespace {

using std::chrono::milliseconds;

struct Mapping {
  std::string_view prefix;  // of the sqlstate: a class (two characters) or all five
  Code code;
  const char* reason;
  milliseconds retry_after;  // zero: none
};

constexpr milliseconds kNever{0};

// The first that fits counts.
constexpr std::array kMappings = {
    Mapping{"40P01", Code::kAborted, "PG_DEADLOCK", milliseconds(10)},
    Mapping{"40001", Code::kAborted, "PG_SERIALIZATION", milliseconds(10)},
    Mapping{"55P03", Code::kAborted, "PG_LOCK_TIMEOUT", milliseconds(100)},
    Mapping{"26000", Code::kAborted, "PG_PLAN_CHANGED", milliseconds(1)},
    Mapping{"57014", Code::kCancelled, "PG_CANCELLED", kNever},
    Mapping{"57P", Code::kUnavailable, "PG_CONNECTION_LOST", milliseconds(200)},
    Mapping{"08", Code::kUnavailable, "PG_CONNECTION_LOST", milliseconds(200)},
    Mapping{"25006", Code::kUnavailable, "PG_READ_ONLY", milliseconds(500)},
    Mapping{"53300", Code::kUnavailable, "PG_OUT_OF_RESOURCES", milliseconds(500)},
    Mapping{"53", Code::kResourceExhausted, "PG_OUT_OF_RESOURCES", milliseconds(1000)},
    Mapping{"23505", Code::kAlreadyExists, "PG_UNIQUE", kNever},
    Mapping{"23", Code::kFailedPrecondition, "PG_CONSTRAINT", kNever},
    Mapping{"42501", Code::kPermissionDenied, "PG_PERMISSION_DENIED", kNever},
    Mapping{"22", Code::kInvalidArgument, "PG_INVALID_VALUE", kNever},
    Mapping{"", Code::kInternal, "PG_ERROR", kNever},
};

std::string_view Field(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? "" : text;
}

}  // namespace

Status StatusOf(std::string_view sqlstate, std::string message) {
  for (const Mapping& mapping : kMappings) {
    if (!sqlstate.starts_with(mapping.prefix)) continue;
    Status status(mapping.code, mapping.reason, std::move(message));
    status.With("sqlstate", std::string(sqlstate));
    if (mapping.retry_after > kNever) status.RetryAfter(mapping.retry_after);
    return status;
  }
  return Internal("unreachable: the last mapping fits all");
}

Status StatusOf(const PGresult* result) {
  const std::string_view sqlstate = Field(result, PG_DIAG_SQLSTATE);
  std::string message(Field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty()) message = PQresultErrorMessage(result);
  // A prepared statement whose tables changed shape under it; the server has no code of its own for
  // that.
  const bool plan_changed =
      sqlstate == "0A000" && Field(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
  Status status = StatusOf(plan_changed ? "26000" : sqlstate, std::move(message));
  if (plan_changed) status.With("sqlstate", "0A000");
  const std::string_view constraint = Field(result, PG_DIAG_CONSTRAINT_NAME);
  if (!constraint.empty()) status.With("constraint", std::string(constraint));
  return status;
}

Status ConnectionLost(std::string message) {
  return StatusOf("08006", std::move(message)).With("sqlstate", "");
}

bool EndsConnection(std::string_view sqlstate) {
  return sqlstate.starts_with("57P") || sqlstate.starts_with("08");
}

}  // namespace crm::pg
