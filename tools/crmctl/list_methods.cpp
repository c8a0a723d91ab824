#include <CLI/CLI.hpp>
#include <ostream>

#include "tools/crmctl/commands.h"
#include "tools/crmctl/method_names.h"
#include "tools/crmctl/server_types.h"
#include "tools/crmctl/usage.h"

namespace crm::ctl {

Status ListMethods(Session& session, const std::vector<std::string>& words) {
  CLI::App app("Lists the methods of the server.", "crmctl methods");
  std::string group;
  app.add_option("group", group, "Only this group");
  if (auto done = Parse(app, words, session.out())) return *done;
  auto services = session.types().Services();
  if (!services) return services.status();
  auto names = NamesOf(*services);
  if (!group.empty()) {
    auto found = FindGroup(*services, group);
    if (!found) return found.status();
    names = std::move(*found);
  }
  size_t width = 0;
  for (const auto& name : names) width = std::max(width, name.group.size() + name.verb.size());
  for (const auto& name : names) {
    session.out() << name.group << " " << name.verb
                  << std::string(width - name.group.size() - name.verb.size() + 2, ' ')
                  << name.method->service()->full_name() << "/" << name.method->name() << "\n";
  }
  return Status::Ok();
}

}  // namespace crm::ctl
