#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <ostream>

#include "tools/crmctl/commands.h"
#include "tools/crmctl/event_text.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/sources.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using events::v1::Event;

// A chain cannot be longer than the kernel lets one grow; this only ends a damaged log's circle.
constexpr size_t kMaxChain = 1000;

Result<std::optional<Event>> FindAt(Session& session, const std::string& source,
                                    const std::string& id) {
  events::v1::SearchEventsRequest request;
  request.set_source(source);
  request.set_id(id);
  events::v1::SearchEventsResponse found;
  Status searched =
      CallAt(session, source, "crm.events.v1.EventService/SearchEvents", request, found);
  if (searched.code() == Code::kNotFound && searched.reason() != "SOURCE_UNKNOWN") {
    return std::optional<Event>();
  }
  if (!searched.ok()) return searched;
  if (found.events().empty()) return std::optional<Event>();
  return std::optional<Event>(found.events(0));
}

// A cause is mostly in another service's log; `first` is where to look first.
Result<std::optional<Event>> Find(Session& session, const std::string& first,
                                  const std::string& id) {
  auto sources = SourcesOf(session);
  if (!sources) return sources.status();
  std::erase(*sources, first);
  sources->insert(sources->begin(), first);
  for (const auto& source : *sources) {
    auto found = FindAt(session, source, id);
    // A service that keeps no log has no event either.
    if (!found && found.status().code() != Code::kUnimplemented) return found;
    if (found && *found) return found;
  }
  return std::optional<Event>();
}

// The first event of the record that this one is about: somebody's own request is nobody's effect,
// but the record that it changed came from somewhere.
Result<std::optional<Event>> Beginning(Session& session, const Event& event) {
  events::v1::ListEventsRequest request;
  request.set_subject(event.subject());
  request.set_page_size(1);
  events::v1::ListEventsResponse response;
  Status listed =
      CallAt(session, event.source(), "crm.events.v1.EventService/ListEvents", request, response);
  if (!listed.ok()) return listed;
  if (response.events().empty()) return std::optional<Event>();
  return std::optional<Event>(response.events(0));
}

void Print(Session& session, const Event& event, size_t depth, const char* link) {
  if (session.options().format != Format::kTable) {
    Printer(session, {}).PrintItem(EventStruct(event, ChangesOf(session, event)));
    return;
  }
  session.out() << std::string(depth * 2, ' ') << link << EventLine(event) << "  " << event.origin()
                << "\n";
}

}  // namespace

Status Why(Session& session, const std::vector<std::string>& words) {
  CLI::App app(
      "The chain of causes from an event up to where it all began: what caused it or, where that "
      "was a "
      "person's request, how the record had come to be.",
      "crmctl why");
  std::string id;
  std::string source;
  app.add_option("event", id, "The event's id; see crmctl history --output json")->required();
  app.add_option("--source", source, "The service that wrote it, like leads")->required();
  if (auto done = Parse(app, words, session.out())) return *done;
  auto event = FindAt(session, source, id);
  if (!event) return event.status();
  if (!*event) return NotFound(source + " event " + id);
  const char* link = "";
  for (size_t depth = 0; depth < kMaxChain; ++depth) {
    Print(session, **event, depth, link);
    std::string cause = (*event)->causation();
    if (cause.empty() && (*event)->version() <= 1) {
      session.err() << "First request: " << (*event)->correlation() << "\n";
      return Status::Ok();
    }
    link = cause.empty() ? "on what began with " : "because of ";
    event = cause.empty() ? Beginning(session, **event) : Find(session, (*event)->source(), cause);
    if (!event) return event.status();
    if (!*event) {
      return Status(Code::kNotFound, "CAUSE_NOT_FOUND",
                    "The cause " + cause + " is in no log that you may read.")
          .With("event", cause);
    }
  }
  return Status(Code::kDataLoss, "CHAIN_ENDLESS", "The causes of " + id + " go round in a circle.");
}

}  // namespace crm::ctl
