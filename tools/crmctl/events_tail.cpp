#include <CLI/CLI.hpp>
#include <ostream>

#include "tools/crmctl/commands.h"
#include "tools/crmctl/event_text.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/server_types.h"
#include "tools/crmctl/sources.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using events::v1::Event;
using events::v1::StreamEventsRequest;

constexpr char kStream[] = "crm.events.v1.EventService/StreamEvents";

void AddOptions(CLI::App& app, StreamEventsRequest& request, std::vector<std::string>& types) {
  app.add_option_function<std::string>(
         "--source", [&request](const std::string& value) { request.set_source(value); },
         "The service, like leads")
      ->required();
  app.add_option("--type", types, "Only these facts, like LeadConverted; repeatable")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
      "--subject", [&request](const std::string& value) { request.set_subject(value); },
      "Only this record, like leads/ID");
}

// Prints what the stream brings; the cursor behind the last event goes into `last_cursor`.
Status Print(Session& session, const StreamEventsRequest& request, std::string& last_cursor) {
  Printer printer(session, {});
  const auto* type = session.types().FindMessage("crm.events.v1.Event");
  if (type == nullptr) return Unavailable("EVENTS_UNKNOWN", "No server at hand has a log.");
  auto described = session.types().NewMessage(*type);
  bool table = session.options().format == Format::kTable;
  return StreamAt(session, request.source(), kStream, request, [&](const std::string& bytes) {
    Event event;
    if (!event.ParseFromString(bytes) || !described->ParseFromString(bytes)) return false;
    last_cursor = event.cursor();
    if (!table) {
      // The server's own types: they know what is in `data`.
      printer.PrintItem(*described);
    } else {
      session.out() << EventLine(event) << "\n" << std::flush;
    }
    return true;
  });
}

// The position behind the last event there is.
Result<std::string> Present(Session& session, StreamEventsRequest request) {
  std::string cursor;
  request.set_until_now(true);
  Status streamed =
      StreamAt(session, request.source(), kStream, request, [&cursor](const std::string& bytes) {
        Event event;
        if (!event.ParseFromString(bytes)) return false;
        cursor = event.cursor();
        return true;
      });
  if (!streamed.ok()) return streamed;
  return cursor;
}

}  // namespace

Status EventsTail(Session& session, const std::vector<std::string>& words) {
  CLI::App app("Prints the events of one service as they are committed, until it is stopped.",
               "crmctl events tail");
  StreamEventsRequest request;
  std::vector<std::string> types;
  bool from_beginning = false;
  bool until_now = false;
  AddOptions(app, request, types);
  app.add_flag("--from-beginning", from_beginning, "Those of the past first");
  app.add_flag("--until-now", until_now, "Stop at the present; implies --from-beginning");
  if (auto done = Parse(app, words, session.out())) return *done;
  if (!from_beginning && !until_now) {
    auto cursor = Present(session, request);
    if (!cursor) return cursor.status();
    request.set_cursor(*cursor);
  }
  request.mutable_types()->Assign(types.begin(), types.end());
  request.set_until_now(until_now);
  std::string last_cursor;
  return Print(session, request, last_cursor);
}

Status EventsReplay(Session& session, const std::vector<std::string>& words) {
  CLI::App app("Prints the events of one service from a position to the present.",
               "crmctl events replay");
  StreamEventsRequest request;
  std::vector<std::string> types;
  AddOptions(app, request, types);
  app.add_option_function<std::string>(
      "--cursor", [&request](const std::string& value) { request.set_cursor(value); },
      "Position to go on behind; without it: from the beginning");
  if (auto done = Parse(app, words, session.out())) return *done;
  request.mutable_types()->Assign(types.begin(), types.end());
  request.set_until_now(true);
  std::string last_cursor = request.cursor();
  Status printed = Print(session, request, last_cursor);
  if (!last_cursor.empty()) session.err() << "Go on with --cursor '" << last_cursor << "'\n";
  return printed;
}

}  // namespace crm::ctl
