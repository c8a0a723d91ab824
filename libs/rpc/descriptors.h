// What the descriptors of this program's protos say, and messages made of them. Thread-safe.
#pragma once

#include <memory>

namespace google::protobuf {
class Descriptor;
class Message;
class MethodDescriptor;
}  // namespace google::protobuf

namespace crm::rpc {

// Whether the proto marks the method NO_SIDE_EFFECTS.
bool OnlyReads(const google::protobuf::MethodDescriptor& method);

// An empty message of a type whose code is linked into this program; never null.
std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor* type);

}  // namespace crm::rpc
