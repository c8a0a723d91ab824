#include "libs/command/idempotency.h"

#include "crm/kernel/v1/records.pb.h"
#include "libs/base/sha256.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"

namespace crm {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

const FieldDescriptor* RequestIdField(const Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  bool usable = field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
                !field->is_repeated();
  return usable ? field : nullptr;
}

}  // namespace

std::string RequestId(const Message& request) {
  const auto* field = RequestIdField(request);
  return field == nullptr ? std::string() : request.GetReflection()->GetString(request, field);
}

RecordKey IdempotencyRecord(const RecordTypes& types, const Uuid& tenant,
                            const std::string& principal, const std::string& method,
                            const std::string& request_id) {
  return {&types.Of(kernel::v1::IdempotencyKey::descriptor()), tenant,
          NamedUuid(principal + " " + method, request_id)};
}

std::string RequestHash(const Message& request) {
  std::unique_ptr<Message> copy(request.New());
  copy->MergeFrom(request);
  if (const auto* field = RequestIdField(request))
    copy->GetReflection()->ClearField(copy.get(), field);
  return Sha256(EncodeRecord(*copy));
}

RecordWrite RememberAnswer(const RecordKey& key, const std::string& request_hash,
                           const std::string& response, Time now) {
  kernel::v1::IdempotencyKey record;
  record.set_name(key.name());
  record.set_request_hash(request_hash);
  record.set_response(response);
  *record.mutable_expire_time() = ToTimestamp(now + kIdempotencyKeyLife);
  RecordWrite write = MakeRecordWrite(key, 1, record);
  write.wanted_again = false;
  return write;
}

Result<std::optional<std::string>> RecallAnswer(Store& store, const RecordKey& key,
                                                const std::string& request_hash,
                                                std::stop_token stop) {
  auto stored = store.Get(key, stop);
  if (!stored.ok()) return stored.status();
  if (!*stored) return std::optional<std::string>();
  kernel::v1::IdempotencyKey record;
  if (auto status = DecodeRecord((*stored)->body, record); !status.ok()) return status;
  if (record.request_hash() != request_hash) {
    Status reused =
        InvalidField("request_id", "was used before with another request; choose a new one");
    return Status(reused.code(), "REQUEST_ID_REUSED", reused.message())
        .Violates("request_id", "was used before with another request; choose a new one");
  }
  return std::optional(std::move(*record.mutable_response()));
}

}  // namespace crm
