#include <CLI/CLI.hpp>
#include <ostream>

#include "crm/kernel/v1/operations_service.pb.h"
#include "tools/crmctl/commands.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/sources.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

// The pages of one service as one answer.
Result<kernel::v1::VerifyResponse> VerifyAt(Session& session, const std::string& source) {
  kernel::v1::VerifyRequest request;
  kernel::v1::VerifyResponse total;
  request.set_source(source);
  do {
    kernel::v1::VerifyResponse page;
    Status verified =
        CallAt(session, source, "crm.kernel.v1.OperationsService/Verify", request, page);
    if (!verified.ok()) return verified;
    total.set_records_checked(total.records_checked() + page.records_checked());
    total.set_events_checked(total.events_checked() + page.events_checked());
    total.mutable_differences()->MergeFrom(page.differences());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return total;
}

void Print(Session& session, const std::string& source, const kernel::v1::VerifyResponse& total) {
  if (session.options().format != Format::kTable) return Printer(session, {}).PrintItem(total);
  session.out() << source << ": " << total.records_checked() << " records, "
                << total.events_checked() << " events, " << total.differences_size()
                << " differences\n";
  for (const auto& difference : total.differences()) session.out() << "  " << difference << "\n";
}

}  // namespace

Status Verify(Session& session, const std::vector<std::string>& words) {
  CLI::App app("Checks that every record is what the events of its log add up to.",
               "crmctl verify");
  std::vector<std::string> given;
  app.add_option("--source", given, "Only these services; repeatable")->allow_extra_args(false);
  if (auto done = Parse(app, words, session.out())) return *done;
  auto sources = SourcesOr(session, given);
  if (!sources) return sources.status();
  int64_t differences = 0;
  for (const auto& source : *sources) {
    auto total = VerifyAt(session, source);
    if (!total && total.status().code() == Code::kUnimplemented) continue;
    if (!total) return total.status();
    Print(session, source, *total);
    differences += total->differences_size();
  }
  if (differences == 0) return Status::Ok();
  return Status(Code::kDataLoss, "LOG_DIFFERS",
                std::to_string(differences) + " records are not what their log says.");
}

}  // namespace crm::ctl
