#include <CLI/CLI.hpp>
#include <ostream>

#include "tools/crmctl/commands.h"
#include "tools/crmctl/record_file.h"
#include "tools/crmctl/run_label.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

// tools/crmctl/demo.yaml.
extern const char kDemoCompany[];

Status Demo(Session& session, const std::vector<std::string>& words) {
  CLI::App app(
      "Loads the demo company, a shop that makes windows. What is there already is brought up to "
      "date.",
      "crmctl demo");
  RecordFileOptions options{"demo"};
  app.add_flag("--dry-run", options.dry_run, "Store nothing");
  if (auto done = Parse(app, words, session.out())) return *done;
  Remote remote(session, NewRunLabel("demo"));
  References references(remote);
  auto counts = PutRecords(remote, references, kDemoCompany, options);
  if (!counts) return counts.status();
  session.out() << "demo company: " << counts->created << " created, " << counts->updated
                << " updated, " << counts->unchanged << " unchanged\n";
  if (counts->created + counts->updated > 0 && !options.dry_run) {
    session.err() << "Take it back with: crmctl undo --run " << remote.run() << "\n";
  }
  return Status::Ok();
}

}  // namespace crm::ctl
