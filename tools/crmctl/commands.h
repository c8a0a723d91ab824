// The commands of crmctl, one function each; tools/crmctl/main.cpp lists them.
#pragma once

#include <string>
#include <vector>

#include "tools/crmctl/session.h"

namespace crm::ctl {

// `leads list --filter ...`: what is no command of its own is a group and a verb. See
// tools/crmctl/method_names.h.
Status CallMethod(Session& session, const std::vector<std::string>& words);
// `methods [GROUP]`: what the server can be asked to do.
Status ListMethods(Session& session, const std::vector<std::string>& words);

}  // namespace crm::ctl
