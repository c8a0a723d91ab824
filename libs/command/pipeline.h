// CallPipeline: the one way into a service. RPCs, consumed events, timers and jobs all become calls
// here, so one guard holds on every path. The order of steps is the order of the code in
// pipeline.cpp.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/gatherer.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/command/call.h"
#include "libs/command/committer.h"
#include "libs/log/logger.h"
#include "libs/metrics/registry.h"
#include "libs/rpc/server.h"

namespace crm {

// A handler with its types erased: request in, response out.
using Function = std::function<Result<std::unique_ptr<google::protobuf::Message>>(
    Call&, const google::protobuf::Message&)>;
// A read that has its response as bytes already.
using EncodedFunction = std::function<Result<std::string>(Call&, const google::protobuf::Message&)>;
// The same for calls that wait at the same time, of any tenants: one result each, in their order.
// `stop` is requested when all of them have been given up.
struct CallToAnswer {
  Call* call;
  const google::protobuf::Message* request;
};
using GroupFunction = std::function<std::vector<Result<std::string>>(std::span<const CallToAnswer>,
                                                                     std::stop_token stop)>;

// A streaming handler writes messages until it returns, the writer says false, or call.stop() is
// requested.
using StreamWriter = std::function<bool(const google::protobuf::Message&)>;
using StreamFunction =
    std::function<Status(Call&, const google::protobuf::Message&, const StreamWriter&)>;

// Whether what other services make of a committed call can be read; may complete the response. It
// is asked between the commit and the reply, again and again for about two seconds, also where an
// earlier answer is given again. The call reads committed state and what it stores is forgotten.
using Awaited = std::function<bool(Call&, google::protobuf::Message& response)>;

// One method of a proto service and what carries it out; exactly one of unary, encoded, group and
// stream is set.
struct MethodBinding {
  const google::protobuf::MethodDescriptor* method = nullptr;
  Function unary = nullptr;
  EncodedFunction encoded = nullptr;
  GroupFunction group = nullptr;
  StreamFunction stream = nullptr;
  Awaited awaited = nullptr;  // unary methods that answer when others have followed
};

// Binds a plain function `Result<Response> F(Call&, const Request&)` to a method of a service, by
// name. Aborts where the proto has no such method or its types differ: a mistake of the programmer,
// found at start.
MethodBinding BindMessages(const google::protobuf::ServiceDescriptor* service, const char* method,
                           const google::protobuf::Descriptor* request,
                           const google::protobuf::Descriptor* response, Function function);
// `function` answers with the bytes of the method's response. Only for methods without side
// effects.
MethodBinding BindEncoded(const google::protobuf::ServiceDescriptor* service, const char* method,
                          EncodedFunction function);
MethodBinding BindGroup(const google::protobuf::ServiceDescriptor* service, const char* method,
                        GroupFunction function);
MethodBinding BindStream(const google::protobuf::ServiceDescriptor* service, const char* method,
                         StreamFunction function);

template <class Request, class Response>
MethodBinding Bind(const google::protobuf::ServiceDescriptor* service, const char* method,
                   std::function<Result<Response>(Call&, const Request&)> function) {
  return BindMessages(
      service, method, Request::descriptor(), Response::descriptor(),
      [function = std::move(function)](Call& call, const google::protobuf::Message& request)
          -> Result<std::unique_ptr<google::protobuf::Message>> {
        auto response = function(call, static_cast<const Request&>(request));
        if (!response.ok()) return response.status();
        return std::unique_ptr<google::protobuf::Message>(
            std::make_unique<Response>(std::move(*response)));
      });
}

// The same, answering when `awaited` is true, or as it is when that takes too long.
template <class Response>
MethodBinding Awaiting(MethodBinding binding, std::function<bool(Call&, Response&)> awaited) {
  binding.awaited = [awaited = std::move(awaited)](Call& call,
                                                   google::protobuf::Message& response) {
    return awaited(call, static_cast<Response&>(response));
  };
  return binding;
}

// What a binding that streams nothing does, with the response as a message.
Function AsMessages(const MethodBinding& binding);

// Says who calls, from the request's metadata. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // UNAUTHENTICATED where there are no valid credentials.
  virtual Result<Principal> Authenticate(const rpc::Metadata& metadata) = 0;
  // The same where it is known without waiting for anybody; nullopt where not.
  virtual std::optional<Result<Principal>> Known(const rpc::Metadata& metadata) = 0;
};

// Says whether a call is within its limits. Thread-safe.
class RateLimit {
 public:
  virtual ~RateLimit() = default;
  // RESOURCE_EXHAUSTED with a retry delay where not.
  virtual Status Admit(const Principal& principal, const std::string& method) = 0;
};

// A call from inside: an event, a timer, a job.
struct InternalCall {
  Uuid id;
  Principal principal;
  Cause cause;
  std::string origin;
  // Runs once per attempt; may be run again.
  std::function<Status(Call&)> run;
};

struct PipelineParts {
  CallServices services;
  Committer* committer = nullptr;
  Executor* executor = nullptr;
  // Streams hold a thread for as long as they last, so they have threads of their own. nullptr:
  // none are served.
  Executor* stream_executor = nullptr;
  // Runs public methods (log-in, exchange of keys): threads of `executor` may be waiting for those
  // to learn who calls. nullptr: `executor`.
  Executor* public_executor = nullptr;
  const Clock* clock = nullptr;
  IdGenerator* ids = nullptr;
  Authenticator* authenticator = nullptr;
  RateLimit* rate_limit = nullptr;  // nullptr: none
  const log::Logger* log = nullptr;
  metrics::Registry* metrics = nullptr;
};

// Thread-safe.
class CallPipeline {
 public:
  explicit CallPipeline(PipelineParts parts);
  ~CallPipeline();

  // The way in for RPCs: bind it as the handler of every method.
  void Handle(const MethodBinding& binding, std::shared_ptr<rpc::ServerCall> call);
  // The same for all methods of all services bound, grouped for RpcServer::Create.
  std::vector<rpc::ServiceBinding> Bindings(const std::vector<MethodBinding>& methods);

  // The way in for the service's own calls: no authentication, same commit. `done` runs once, on
  // any thread. RESOURCE_EXHAUSTED where the executor's queue is full; then `done` does not run.
  Status Run(InternalCall call, std::function<void(Status)> done);

  // A read by another module of the same thread of work (simulation): runs the function at once and
  // returns its answer.
  Status ReadDirectly(const MethodBinding& binding, const Principal& principal,
                      const google::protobuf::Message& request, google::protobuf::Message& response,
                      std::stop_token stop);

 private:
  struct Job;
  struct Meters;
  class AllStopped;

  std::shared_ptr<Job> Admit(const MethodBinding& binding, std::shared_ptr<rpc::ServerCall> call);
  void Serve(std::shared_ptr<Job> job);
  bool ServeKnown(const std::shared_ptr<Job>& job);
  Status Authorise(Job& job, Result<Principal> principal);
  Status ReadRequest(Job& job);
  void Carry(std::shared_ptr<Job> job);
  void Busy(Job& job);
  void AnswerGroup(const std::vector<std::shared_ptr<Job>>& jobs);
  void Stream(std::shared_ptr<Job> job);
  void Try(std::shared_ptr<Job> job);
  void Refuse(std::shared_ptr<Job> job, Call& call, Status status);
  void Submit(std::shared_ptr<Job> job, std::unique_ptr<WriteSet> set);
  void Settle(std::shared_ptr<Job> job, CommitResult result);
  void Again(std::shared_ptr<Job> job, bool counted);
  Executor* ExecutorOf(const MethodBinding* binding) const;
  void AwaitAnswer(std::shared_ptr<Job> job, const RecordKey& key);
  bool AnswerFromKey(std::shared_ptr<Job> job);
  void Answer(std::shared_ptr<Job> job);
  void Await(std::shared_ptr<Job> job);
  void Finish(Job& job, Status status);

  PipelineParts parts_;
  // What calls get that only read or try: committed state, because nothing verifies their answer
  // against what is still pending.
  CallServices committed_;
  std::unique_ptr<Meters> meters_;
  Gatherer<std::shared_ptr<Job>> groups_;
};

}  // namespace crm
