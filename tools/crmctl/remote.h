// Remote: calls of many threads under one run label, tried again where that may help.
#pragma once

#include <google/protobuf/message.h>

#include <atomic>
#include <functional>
#include <map>
#include <string>

#include "tools/crmctl/session.h"

namespace crm::ctl {

// Open before the threads start; Call is thread-safe.
class Remote {
 public:
  // Everything that is done under `run` can be taken back by `undo --run`; empty: no label.
  Remote(Session& session, std::string run) : session_(session), run_(std::move(run)) {}

  Session& session() { return session_; }
  const std::string& run() const { return run_; }

  // Finds the server of a service, once.
  Status Open(const std::string& service);
  // UNAVAILABLE, ABORTED, RESOURCE_EXHAUSTED and DEADLINE_EXCEEDED are tried again, later and
  // later, for about half a minute; mutations therefore need a request_id.
  Status Call(const google::protobuf::MethodDescriptor& method,
              const google::protobuf::Message& request, google::protobuf::Message& response) const;

 private:
  Session& session_;
  const std::string run_;
  std::map<std::string, rpc::RpcClient*> clients_;
};

// A failure that another try, later, may not have: it stops an import instead of refusing a row.
bool IsTransient(const Status& status);
// A failure that is the row's own fault.
bool IsRefusal(const Status& status);

// Runs task(0) ... task(count - 1) on up to `threads` threads and returns when all have ended.
void RunAll(size_t count, size_t threads, const std::function<void(size_t)>& task);

}  // namespace crm::ctl
