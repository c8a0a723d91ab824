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

// `events tail --source leads`: the log as it grows.
Status EventsTail(Session& session, const std::vector<std::string>& words);
// `events replay --source leads [--cursor C]`: the log from a position to the present.
Status EventsReplay(Session& session, const std::vector<std::string>& words);
// `history deals/ID`: who changed what, and when.
Status History(Session& session, const std::vector<std::string>& words);
// `why EVENT_ID --source leads`: the chain of causes up to the first request.
Status Why(Session& session, const std::vector<std::string>& words);
// `undo --run R`: takes back what a run, a chain or a person did, service by service.
Status Undo(Session& session, const std::vector<std::string>& words);
// `verify`: whether the tables are what the log says.
Status Verify(Session& session, const std::vector<std::string>& words);
// `dead-letters list` and `dead-letters replay`: events that could not be applied.
Status ListDeadLetters(Session& session, const std::vector<std::string>& words);
Status ReplayDeadLetters(Session& session, const std::vector<std::string>& words);

// `demo`: loads the demo company.
Status Demo(Session& session, const std::vector<std::string>& words);
// `import --mapping FILE.yaml SOURCE.csv`: rows of a CSV file into records.
Status Import(Session& session, const std::vector<std::string>& words);

}  // namespace crm::ctl
