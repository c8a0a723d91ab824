#include "libs/operations/verify.h"

#include <google/protobuf/util/message_differencer.h>

#include "libs/command/record_codec.h"
#include "libs/events/consumer.h"

namespace crm::operations {

Result<std::string> CompareWithLog(Call& call, const RecordTypes& types, const std::string& subject,
                                   const std::vector<kernel::v1::LogRow>& history) {
  const RecordType* type = types.FindName(subject);
  if (type == nullptr || type->projection()) return std::string("is of no known type");
  for (size_t i = 0; i < history.size(); ++i) {
    if (history[i].version() != static_cast<int64_t>(i) + 1) {
      return "version " + std::to_string(i + 1) + " is missing in the log";
    }
  }
  auto id = type->ParseName(subject);
  if (!id.ok()) return id.status();
  auto stored = call.store().Get({type, call.tenant(), *id}, call.stop());
  if (!stored.ok()) return stored.status();
  if (!*stored) return std::string("is in the log and not in its table");
  if ((*stored)->version > history.back().version()) return std::string();  // moved meanwhile
  if ((*stored)->version < history.back().version()) return std::string("is behind the log");
  auto event = events::DecodeBody(history.back());
  if (!event.ok()) return event.status();
  auto record = type->NewMessage();
  if (auto status = DecodeRecord((*stored)->body, *record); !status.ok()) return status;
  // As parsed messages: bytes of older programs may differ.
  const auto& snapshot = (*event)->GetReflection()->GetMessage(**event, type->snapshot_field());
  bool same = google::protobuf::util::MessageDifferencer::Equals(snapshot, *record);
  return same ? std::string() : std::string("differs from its last event");
}

}  // namespace crm::operations
