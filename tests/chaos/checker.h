// The judge of the fault bench: pure functions over Evidence. Each check is named, and says what is
// wrong in sentences; a system that kept its promises gives none.
//
//   answers   the same request_id got the same bytes, and no version was promised twice
//   history   each OK is in the log, each refusal left nothing, each unknown call has one effect or
//             none, and each effect comes from a call
//   log       numbers 1..n without gap, times that rise with them
//   versions  each record's versions run 1..n in the order of the log
//   tables    the fold of the log is what the tables hold
//   topic     the topic, repeats dropped, is the log: complete, in order per record, nothing else
//   inbox     every event that a consumer wants is applied, none is parked
//   once      no consumer and no timer has written the effect of one cause twice; the witness
//             counted each event and each firing once
//   timers    none is left that was due
//   effects   each effect that was asked for happened once, and no other did
//   tenants   no event crossed from one tenant to another
//   process   nothing died that was not killed
#pragma once

#include <string>
#include <vector>

#include "tests/chaos/evidence.h"

namespace crm::chaos {

struct Finding {
  std::string check;
  std::string text;
};

// All checks. At most kMostOfACheck findings of each; the last says how many more there are.
std::vector<Finding> Check(const Evidence& evidence);
inline constexpr size_t kMostOfACheck = 10;

// The checks by themselves.
std::vector<std::string> CheckAnswers(const Evidence& evidence);
std::vector<std::string> CheckHistory(const Evidence& evidence);
std::vector<std::string> CheckLog(const Evidence& evidence);
std::vector<std::string> CheckVersions(const Evidence& evidence);
std::vector<std::string> CheckTables(const Evidence& evidence);
std::vector<std::string> CheckTopic(const Evidence& evidence);
std::vector<std::string> CheckInbox(const Evidence& evidence);
std::vector<std::string> CheckOnce(const Evidence& evidence);
std::vector<std::string> CheckTimers(const Evidence& evidence);
std::vector<std::string> CheckEffects(const Evidence& evidence);
std::vector<std::string> CheckTenants(const Evidence& evidence);
std::vector<std::string> CheckProcess(const Evidence& evidence);

// "3 findings" and one line for each.
std::string Describe(const std::vector<Finding>& findings);

}  // namespace crm::chaos
