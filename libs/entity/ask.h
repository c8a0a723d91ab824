// Questions to the standard methods of other services, for handlers: the record type says which
// methods are meant.
//
//   auto user = entity::AskGet<identity::v1::User>(call, "crm.identity.v1.UserService", name);
//   auto absent = entity::AskList<identity::v1::Absence>(call, "crm.identity.v1.AbsenceService",
//   "start_time < now()");
//
// Their failures are those of the other service and of the way there (UNAVAILABLE,
// DEADLINE_EXCEEDED); UNIMPLEMENTED with reason METHOD_UNKNOWN where no such method is linked into
// this program.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/command/call.h"

namespace crm::entity {

// In whose name is asked.
enum class As {
  kCaller,  // the answer is what the caller may see
  kSystem,  // this service itself: for what the caller need not be allowed to see
};

// Records of the message type `record`; the functions below are their typed faces.
Result<std::unique_ptr<google::protobuf::Message>> AskGetMessage(
    Call& call, std::string_view service, const google::protobuf::Descriptor* record,
    std::string_view name, As as);
Result<std::vector<std::unique_ptr<google::protobuf::Message>>> AskListMessages(
    Call& call, std::string_view service, const google::protobuf::Descriptor* record,
    std::string_view filter, As as);
Result<std::vector<std::unique_ptr<google::protobuf::Message>>> AskBatchGetMessages(
    Call& call, std::string_view service, const google::protobuf::Descriptor* record,
    const std::vector<std::string>& names, As as);

template <class M>
std::vector<M> TakeAll(const std::vector<std::unique_ptr<google::protobuf::Message>>& messages) {
  std::vector<M> records;
  for (const auto& message : messages) records.push_back(dynamic_cast<const M&>(*message));
  return records;
}

template <class M>
Result<M> AskGet(Call& call, std::string_view service, std::string_view name, As as = As::kSystem) {
  auto answer = AskGetMessage(call, service, M::descriptor(), name, as);
  if (!answer.ok()) return answer.status();
  return M(dynamic_cast<const M&>(**answer));
}

// At most a thousand, in the order of their creation.
template <class M>
Result<std::vector<M>> AskList(Call& call, std::string_view service, std::string_view filter,
                               As as = As::kSystem) {
  auto answer = AskListMessages(call, service, M::descriptor(), filter, as);
  if (!answer.ok()) return answer.status();
  return TakeAll<M>(*answer);
}

// Those that can be read, in the order of the names.
template <class M>
Result<std::vector<M>> AskBatchGet(Call& call, std::string_view service,
                                   const std::vector<std::string>& names, As as = As::kSystem) {
  auto answer = AskBatchGetMessages(call, service, M::descriptor(), names, as);
  if (!answer.ok()) return answer.status();
  return TakeAll<M>(*answer);
}

}  // namespace crm::entity
