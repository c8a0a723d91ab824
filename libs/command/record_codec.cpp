#include "libs/command/record_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <array>

#include "libs/command/event_builder.h"

namespace crm {

std::string EncodeRecord(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // maps in the order of their keys
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

Status DecodeRecord(std::string_view bytes, google::protobuf::Message& message) {
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Status::Ok();
  return Status(Code::kDataLoss, "RECORD_UNREADABLE",
                "A stored " + message.GetTypeName() + " cannot be read.");
}

std::string EncodeStored(const RecordType& type, StoredRecord record) {
  if (type.etag_field() != nullptr)
    AppendField(type.etag_field(), EtagOf(record.version), record.body);
  return std::move(record.body);
}

void AppendField(const google::protobuf::FieldDescriptor* field, std::string_view value,
                 std::string& message) {
  using google::protobuf::io::CodedOutputStream;
  constexpr uint32_t kLengthDelimited = 2;
  std::array<uint8_t, 10> head{};  // two varints of 32 bits
  uint8_t* end = CodedOutputStream::WriteTagToArray(
      static_cast<uint32_t>(field->number()) << 3 | kLengthDelimited, head.data());
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(value.size()), end);
  message.append(head.data(), end);
  message += value;
}

}  // namespace crm
