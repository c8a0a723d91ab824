// The services by the names that events and operations call them by: "leads", "deals".
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>
#include <vector>

#include "tools/crmctl/session.h"

namespace crm::ctl {

// Those at hand, in the order in which changes are taken back: what refers before what is referred
// to.
Result<std::vector<std::string>> SourcesOf(Session& session);

// `given` where there are any, otherwise those at hand.
Result<std::vector<std::string>> SourcesOr(Session& session, const std::vector<std::string>& given);

// Calls a method that every service has ("crm.kernel.v1.OperationsService/Verify") at the server of
// `source`, which the request names too. NOT_FOUND (SOURCE_UNKNOWN) where no server at hand has it.
Status CallAt(Session& session, const std::string& source, const std::string& method,
              const google::protobuf::Message& request, google::protobuf::Message& response);
// At the server that has the records of `name`'s collection.
Status CallOwner(Session& session, const std::string& name, const std::string& method,
                 const google::protobuf::Message& request, google::protobuf::Message& response);
// A stream of the server of `source`; see Session::Stream.
Status StreamAt(Session& session, const std::string& source, const std::string& method,
                const google::protobuf::Message& request,
                const std::function<bool(const std::string&)>& on_message);

}  // namespace crm::ctl
