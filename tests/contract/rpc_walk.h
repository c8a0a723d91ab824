// Every RPC of the system by reflection, for tests that ask the same of all of them.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/rpc/client.h"

namespace crm::test {

// All methods of all services, those that every service has (events, operations) included.
std::vector<const google::protobuf::MethodDescriptor*> AllMethods();

// "crm.leads.v1.LeadService/GetLead"
std::string FullNameOf(const google::protobuf::MethodDescriptor& method);

// Calls it as the holder of the key. A stream's messages follow each other in the answer; it is
// left after a second or as soon as it has brought a hundred.
Result<std::string> CallBytes(rpc::RpcClient& client,
                              const google::protobuf::MethodDescriptor& method,
                              const std::string& request, const std::string& key);

std::unique_ptr<google::protobuf::Message> NewRequest(
    const google::protobuf::MethodDescriptor& method);

// A field somewhere in a request, with the way to it.
struct Place {
  std::string path;  // "lead.phone.number"
  const google::protobuf::FieldDescriptor* field;
  // The message that has the field, in this request; makes the messages on the way.
  std::function<google::protobuf::Message&(google::protobuf::Message& request)> owner;
};

// All fields that hold no message, down to the third level; of lists and maps the first element.
std::vector<Place> PlacesIn(const google::protobuf::Descriptor* request);

// Puts the text into a string or bytes field; adds it where the field repeats.
void PutText(google::protobuf::Message& request, const Place& place, const std::string& text);

}  // namespace crm::test
