#include <google/protobuf/util/time_util.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "tools/crmctl/commands.h"
#include "tools/crmctl/event_text.h"
#include "tools/crmctl/printer.h"
#include "tools/crmctl/sources.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

namespace {

using events::v1::Event;
using google::protobuf::util::TimeUtil;

void PrintForPeople(const Event& event, const std::vector<FieldChange>& changes,
                    std::ostream& out) {
  out << EventLine(event);
  if (!event.run().empty()) out << "  run " << event.run();
  out << "\n";
  if (TimeUtil::TimestampToMicroseconds(event.occurred_time()) !=
      TimeUtil::TimestampToMicroseconds(event.recorded_time())) {
    out << "    happened at " << TimeUtil::ToString(event.occurred_time()) << "\n";
  }
  for (const auto& change : changes) {
    out << "    " << change.field << ": ";
    if (event.version() > 1) out << (change.before.empty() ? "(unset)" : change.before) << " -> ";
    out << (change.after.empty() ? "(unset)" : change.after) << "\n";
  }
}

}  // namespace

Status History(Session& session, const std::vector<std::string>& words) {
  CLI::App app("Who did what to a record, and when: every version, oldest first.",
               "crmctl history");
  events::v1::ListEventsRequest request;
  std::string name;
  app.add_option("name", name, "The record, like deals/ID")->required();
  if (auto done = Parse(app, words, session.out())) return *done;
  request.set_subject(name);
  Printer printer(session, {});
  do {
    events::v1::ListEventsResponse page;
    Status listed =
        CallOwner(session, name, "crm.events.v1.EventService/ListEvents", request, page);
    if (!listed.ok()) return listed;
    for (const auto& event : page.events()) {
      auto changes = ChangesOf(session, event);
      if (session.options().format == Format::kTable) {
        PrintForPeople(event, changes, session.out());
      } else {
        printer.PrintItem(EventStruct(event, changes));
      }
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return Status::Ok();
}

}  // namespace crm::ctl
