#include "tools/crmctl/usage.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

namespace crm::ctl {

namespace {

constexpr char kUsageReason[] = "USAGE";

}  // namespace

const char kExitCodes[] =
    "Exit codes: 0 ok, 1 other failure, 2 wrong usage, 3 not found, 4 not allowed, 5 precondition "
    "or\n"
    "conflict, 6 refused as invalid, 7 unavailable or out of time (try again).";

Status Usage(std::string message) {
  return InvalidArgument(kUsageReason, std::move(message));
}

int ExitCode(const Status& status) {
  switch (status.code()) {
    case Code::kOk:
      return 0;
    case Code::kNotFound:
      return 3;
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return 4;
    case Code::kFailedPrecondition:
    case Code::kAborted:
    case Code::kAlreadyExists:
      return 5;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return status.reason() == kUsageReason ? 2 : 6;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
      return 7;
    default:
      return 1;
  }
}

void PrintError(const Status& status, bool color, std::ostream& err) {
  err << (color ? "\x1b[31merror:\x1b[0m " : "error: ") << status.message();
  if (status.message().empty()) err << CodeName(status.code());
  if (!status.reason().empty() && status.reason() != kUsageReason) {
    err << " (" << status.reason() << ")";
  }
  err << "\n";
  for (const auto& violation : status.field_violations()) {
    err << "  " << violation.field << ": " << violation.description << "\n";
  }
  for (const auto& violation : status.precondition_violations()) {
    err << "  " << violation.subject << ": " << violation.description << " (" << violation.type
        << ")\n";
  }
  if (status.retry_after()) {
    auto seconds = std::chrono::ceil<std::chrono::seconds>(*status.retry_after());
    err << "  Try again in " << seconds.count() << " s.\n";
  }
}

std::optional<Status> Parse(CLI::App& app, std::vector<std::string> arguments, std::ostream& out) {
  std::ranges::reverse(arguments);  // the order that CLI11 takes a vector in
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    return Status::Ok();
  } catch (const CLI::ParseError& error) {
    return Usage(std::string(error.what()) + " See: " + app.get_name() + " --help");
  }
  return std::nullopt;
}

}  // namespace crm::ctl
