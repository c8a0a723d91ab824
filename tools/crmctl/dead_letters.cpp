#include <CLI/CLI.hpp>
#include <ostream>
#include <set>

#include "crm/kernel/v1/operations_service.pb.h"
#include "tools/crmctl/commands.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/sources.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using kernel::v1::ListDeadLettersResponse;

constexpr int kPageSize = 1000;

Status ListAt(Session& session, const std::string& source, ListDeadLettersResponse& letters) {
  kernel::v1::ListDeadLettersRequest request;
  request.set_source(source);
  request.set_page_size(kPageSize);
  Status listed =
      CallAt(session, source, "crm.kernel.v1.OperationsService/ListDeadLetters", request, letters);
  return listed.code() == Code::kUnimplemented ? Status::Ok() : listed;
}

Status ReplayAt(Session& session, const kernel::v1::ReplayDeadLettersRequest& request) {
  kernel::v1::ReplayDeadLettersResponse answer;
  Status replayed = CallAt(session, request.source(),
                           "crm.kernel.v1.OperationsService/ReplayDeadLetters", request, answer);
  if (!replayed.ok()) {
    session.err() << request.consumer() << " " << request.subject() << ": " << replayed.ToString()
                  << "\n";
    return replayed;
  }
  session.out() << request.consumer() << " " << request.subject() << ": " << answer.applied_count()
                << " applied\n";
  return Status::Ok();
}

}  // namespace

Status ListDeadLetters(Session& session, const std::vector<std::string>& words) {
  CLI::App app("Events that consumers could not apply, and those that wait behind them.",
               "crmctl dead-letters list");
  std::vector<std::string> given;
  app.add_option("--source", given, "Only the consumers of these services; repeatable")
      ->allow_extra_args(false);
  if (auto done = Parse(app, words, session.out())) return *done;
  auto sources = SourcesOr(session, given);
  if (!sources) return sources.status();
  ListDeadLettersResponse all;
  for (const auto& source : *sources) {
    ListDeadLettersResponse letters;
    if (Status listed = ListAt(session, source, letters); !listed.ok()) return listed;
    all.MergeFrom(letters);
  }
  if (all.letters().empty()) session.err() << "None.\n";
  Printer(session,
          {"consumer", "subject", "event_version", "event_type", "reason", "message", "attempts"})
      .Print(all);
  return Status::Ok();
}

Status ReplayDeadLetters(Session& session, const std::vector<std::string>& words) {
  CLI::App app("Applies the dead letters of one subject, or of all, in their order.",
               "crmctl dead-letters replay");
  std::string source;
  std::string consumer;
  std::string subject;
  app.add_option("--source", source, "The consumer's service, like contacts")->required();
  app.add_option("--consumer", consumer, "Only this one's, like contacts.on_leads");
  app.add_option("--subject", subject, "Only this record's, like leads/ID");
  if (auto done = Parse(app, words, session.out())) return *done;
  ListDeadLettersResponse letters;
  if (Status listed = ListAt(session, source, letters); !listed.ok()) return listed;
  std::set<std::pair<std::string, std::string>> parked;
  for (const auto& letter : letters.letters()) {
    if (!consumer.empty() && letter.consumer() != consumer) continue;
    if (subject.empty() || letter.subject() == subject) {
      parked.emplace(letter.consumer(), letter.subject());
    }
  }
  if (parked.empty()) session.err() << "None.\n";
  Status worst;
  for (const auto& [name, record] : parked) {
    kernel::v1::ReplayDeadLettersRequest request;
    request.set_source(source);
    request.set_consumer(name);
    request.set_subject(record);
    Status replayed = ReplayAt(session, request);
    if (!replayed.ok()) worst = replayed;
  }
  return worst;
}

}  // namespace crm::ctl
