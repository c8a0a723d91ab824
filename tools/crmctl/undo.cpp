#include <google/protobuf/util/time_util.h>

#include <CLI/CLI.hpp>
#include <map>
#include <ostream>

#include "crm/kernel/v1/operations_service.pb.h"
#include "libs/base/uuid.h"
#include "tools/crmctl/commands.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/sources.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using kernel::v1::UndoneRecord;
using kernel::v1::UndoRequest;

struct Options {
  std::vector<std::string> sources;
  std::string since;
};

void AddOptions(CLI::App& app, UndoRequest& request, Options& options) {
  auto set = [&](const char* name, void (UndoRequest::*field)(const std::string&),
                 const char* description) {
    app.add_option_function<std::string>(
        name, [&request, field](const std::string& value) { (request.*field)(value); },
        description);
  };
  set("--run", &UndoRequest::set_run<const std::string&>, "An import run or another labelled run");
  set("--correlation", &UndoRequest::set_correlation<const std::string&>,
      "All that one request led to");
  set("--actor", &UndoRequest::set_actor<const std::string&>,
      "What one person or key did, like users/ID; needs --since");
  app.add_option("--since", options.since, "With --actor: from this time on");
  app.add_option("--source", options.sources, "Only these services; repeatable")
      ->allow_extra_args(false);
  app.add_flag_function(
      "--dry-run", [&request](int64_t count) { request.set_validate_only(count > 0); },
      "Only say what would happen");
}

Status Check(UndoRequest& request, const Options& options) {
  int groups = (request.run().empty() ? 0 : 1) + (request.correlation().empty() ? 0 : 1) +
               (request.actor().empty() ? 0 : 1);
  if (groups != 1) return Usage("Give one of --run, --correlation and --actor.");
  if (request.actor().empty() != options.since.empty()) {
    return Usage("--actor and --since go together.");
  }
  if (options.since.empty()) return Status::Ok();
  if (!google::protobuf::util::TimeUtil::FromString(options.since, request.mutable_since_time())) {
    return Usage("--since is a time like 2026-01-31T08:00:00Z, not '" + options.since + "'.");
  }
  return Status::Ok();
}

class Report {
 public:
  explicit Report(Session& session) : session_(session), printer_(session, {}) {}

  void Add(const UndoneRecord& record) {
    ++counts_[record.outcome()];
    if (session_.options().format != Format::kTable) return printer_.PrintItem(record);
    if (record.outcome() != UndoneRecord::CONFLICT) return;
    session_.out() << "conflict  " << record.name() << "  changed since:";
    for (const auto& field : record.conflicts()) session_.out() << " " << field;
    session_.out() << "\n";
  }

  void PrintCounts(const std::string& source, bool dry_run) {
    std::ostream& out =
        session_.options().format == Format::kTable ? session_.out() : session_.err();
    out << source << (dry_run ? " (dry run)" : "") << ": " << counts_[UndoneRecord::DELETED]
        << " deleted, " << counts_[UndoneRecord::UNDELETED] << " undeleted, "
        << counts_[UndoneRecord::RESTORED] << " restored, " << counts_[UndoneRecord::UNCHANGED]
        << " unchanged, " << counts_[UndoneRecord::CONFLICT] << " conflicts\n";
    counts_.clear();
  }

 private:
  Session& session_;
  Printer printer_;
  std::map<UndoneRecord::Outcome, int64_t> counts_;
};

Status UndoAt(Session& session, UndoRequest request, const std::string& id, Report& report) {
  for (int page_number = 0;; ++page_number) {
    request.set_request_id(id + "/" + request.source() + "/" + std::to_string(page_number));
    kernel::v1::UndoResponse page;
    Status undone =
        CallAt(session, request.source(), "crm.kernel.v1.OperationsService/Undo", request, page);
    if (!undone.ok()) return undone;
    for (const auto& record : page.records()) report.Add(record);
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  report.PrintCounts(request.source(), request.validate_only());
  return Status::Ok();
}

}  // namespace

Status Undo(Session& session, const std::vector<std::string>& words) {
  CLI::App app(
      "Takes back what an import run, a request or a person did. What was changed since is kept "
      "and listed. An undo is a run itself: undo it to have everything again.",
      "crmctl undo");
  UndoRequest request;
  Options options;
  AddOptions(app, request, options);
  if (auto done = Parse(app, words, session.out())) return *done;
  if (Status checked = Check(request, options); !checked.ok()) return checked;
  auto sources = SourcesOr(session, options.sources);
  if (!sources) return sources.status();
  SystemClock clock;
  std::string id = MakeRandomIds(clock)->Next().ToString();
  Report report(session);
  for (const auto& source : *sources) {
    request.set_source(source);
    Status undone = UndoAt(session, request, id, report);
    if (!undone.ok() && undone.code() != Code::kUnimplemented) return undone;
  }
  return Status::Ok();
}

}  // namespace crm::ctl
