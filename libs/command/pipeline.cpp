#include "libs/command/pipeline.h"

#include <google/protobuf/descriptor.h>

#include <atomic>
#include <cstdio>
#include <deque>
#include <map>

#include "crm/options/v1/options.pb.h"
#include "libs/command/access.h"
#include "libs/command/idempotency.h"
#include "libs/command/pipeline_job.h"
#include "libs/command/record_codec.h"
#include "libs/rpc/descriptors.h"
#include "libs/trace/trace_context.h"

namespace crm {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

namespace {

constexpr size_t kMaxRunLabel = 100;
// Groups of reads that are served at a time, and reads of one. Few, because all that waits is
// answered by one question to the store.
constexpr size_t kGroupLanes = 2;
constexpr size_t kGroupReads = 64;
// Bytes above which a request is not read on the thread that took it.
constexpr size_t kShortRequest = 1024;

[[noreturn]] void Mistake(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

const MethodDescriptor* FindMethod(const ServiceDescriptor* service, const char* name) {
  const MethodDescriptor* method = service->FindMethodByName(name);
  if (method == nullptr) Mistake(service->full_name() + " has no method " + name);
  return method;
}

const MethodDescriptor* FindRead(const ServiceDescriptor* service, const char* name) {
  const MethodDescriptor* method = FindMethod(service, name);
  if (!rpc::OnlyReads(*method)) Mistake(method->full_name() + " is no read");
  return method;
}

std::optional<Time> TimeOf(const Message& request, const char* name) {
  const auto* field = request.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || !request.GetReflection()->HasField(request, field)) return std::nullopt;
  return GetTimestamp(request, field);
}

// A child of the caller's span, or the root of a new trace.
log::TraceContext TraceFrom(const std::string& traceparent, IdGenerator& ids) {
  auto parent = trace::ParseTraceparent(traceparent);
  return parent ? trace::ChildOf(*parent, ids) : trace::NewTrace(ids, false);
}

bool FlagOf(const Message& request, const char* name) {
  const auto* field = request.GetDescriptor()->FindFieldByName(name);
  return field != nullptr && field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL &&
         request.GetReflection()->GetBool(request, field);
}

std::string First(const rpc::Metadata& metadata, const char* key) {
  auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

}  // namespace

MethodBinding BindMessages(const ServiceDescriptor* service, const char* method,
                           const Descriptor* request, const Descriptor* response,
                           Function function) {
  MethodBinding binding;
  binding.method = FindMethod(service, method);
  if (binding.method->input_type() != request || binding.method->output_type() != response) {
    Mistake(binding.method->full_name() + " is bound to a function of other types");
  }
  binding.unary = std::move(function);
  return binding;
}

MethodBinding BindEncoded(const ServiceDescriptor* service, const char* method,
                          EncodedFunction function) {
  MethodBinding binding;
  binding.method = FindRead(service, method);
  binding.encoded = std::move(function);
  return binding;
}

MethodBinding BindGroup(const ServiceDescriptor* service, const char* method,
                        GroupFunction function) {
  MethodBinding binding;
  binding.method = FindRead(service, method);
  binding.group = std::move(function);
  return binding;
}

Function AsMessages(const MethodBinding& binding) {
  if (binding.unary) return binding.unary;
  return [read = binding.encoded, group = binding.group, type = binding.method->output_type()](
             Call& call, const Message& request) -> Result<std::unique_ptr<Message>> {
    const CallToAnswer alone{&call, &request};
    auto bytes = group ? std::move(group({&alone, 1}, call.stop()).front()) : read(call, request);
    if (!bytes.ok()) return bytes.status();
    auto response = rpc::NewMessage(type);
    if (auto status = DecodeRecord(*bytes, *response); !status.ok()) return status;
    return response;
  };
}

MethodBinding BindStream(const ServiceDescriptor* service, const char* method,
                         StreamFunction function) {
  MethodBinding binding;
  binding.method = FindMethod(service, method);
  if (!binding.method->server_streaming()) Mistake(binding.method->full_name() + " is no stream");
  binding.stream = std::move(function);
  return binding;
}

CallPipeline::CallPipeline(PipelineParts parts)
    : parts_(std::move(parts)),
      committed_(parts_.services),
      meters_(std::make_unique<Meters>(*parts_.metrics, parts_.services.service)),
      groups_(kGroupLanes, kGroupReads,
              [this](std::vector<std::shared_ptr<Job>> jobs) { AnswerGroup(jobs); }) {
  committed_.committer = nullptr;
}

CallPipeline::~CallPipeline() = default;

std::vector<rpc::ServiceBinding> CallPipeline::Bindings(const std::vector<MethodBinding>& methods) {
  std::map<const ServiceDescriptor*, rpc::ServiceBinding> services;
  for (const auto& binding : methods) {
    auto& service = services[binding.method->service()];
    service.descriptor = binding.method->service();
    service.methods[binding.method->name()] = [this,
                                               binding](std::shared_ptr<rpc::ServerCall> call) {
      Handle(binding, std::move(call));
    };
  }
  std::vector<rpc::ServiceBinding> result;
  for (auto& [descriptor, service] : services) result.push_back(std::move(service));
  return result;
}

std::shared_ptr<CallPipeline::Job> CallPipeline::Admit(const MethodBinding& binding,
                                                       std::shared_ptr<rpc::ServerCall> call) {
  auto job = std::make_shared<Job>();
  job->binding = &binding;
  job->context.id = parts_.ids->Next();
  job->context.now = parts_.clock->Now();
  job->context.origin = binding.method->service()->full_name() + "/" + binding.method->name();
  job->context.stop = call->stop_token();
  job->trace = TraceFrom(First(call->metadata(), "traceparent"), *parts_.ids);
  job->context.cause.traceparent = trace::FormatTraceparent(job->trace);
  std::string request_id = First(call->metadata(), "x-request-id");
  job->context.cause.correlation =
      request_id.empty() || request_id.size() > 100 ? job->context.id.ToString() : request_id;
  // A client's label for what it does as one: an import that may be undone as a whole.
  job->context.cause.run = First(call->metadata(), "x-crm-run").substr(0, kMaxRunLabel);
  job->rpc = std::move(call);
  return job;
}

void CallPipeline::Handle(const MethodBinding& binding, std::shared_ptr<rpc::ServerCall> call) {
  auto job = Admit(binding, std::move(call));
  if (binding.method->options().GetExtension(options::v1::method).inline_()) return Serve(job);
  if (binding.group && ServeKnown(job)) return;
  Executor* executor = ExecutorOf(&binding);
  if (executor == nullptr || !executor->Post([this, job] { Serve(job); })) Busy(*job);
}

// The ordered list: trace, (metrics and access log in Finish,) authenticate, tenant, deadline, rate
// limit, authorise, request, idempotency, handler, commit, error mapping.
void CallPipeline::Serve(std::shared_ptr<Job> job) {
  log::TraceScope scope(job->trace);
  const bool is_public =
      job->binding->method->options().GetExtension(options::v1::method).public_();
  auto principal =
      is_public ? Principal() : parts_.authenticator->Authenticate(job->rpc->metadata());
  if (auto status = Authorise(*job, std::move(principal)); !status.ok())
    return Finish(*job, status);
  if (auto status = ReadRequest(*job); !status.ok()) return Finish(*job, status);
  Carry(job);
}

// The same for a read that is answered in a group, on the thread that took the call: where a group
// is under way no other thread is woken for it. False where some step might have to wait.
bool CallPipeline::ServeKnown(const std::shared_ptr<Job>& job) {
  if (parts_.rate_limit != nullptr || job->rpc->request().size() > kShortRequest) return false;
  auto principal = parts_.authenticator->Known(job->rpc->metadata());
  if (!principal) return false;
  log::TraceScope scope(job->trace);
  auto status = Authorise(*job, std::move(*principal));
  if (status.ok()) status = ReadRequest(*job);
  if (!status.ok()) {
    Finish(*job, status);
  } else if (job->context.past) {
    if (!parts_.executor->Post([this, job] { Carry(job); })) Busy(*job);
  } else if (groups_.Add(job) && !parts_.executor->Post([this] { groups_.Work(); })) {
    for (const auto& left : groups_.Leave()) Busy(*left);
  }
  return true;
}

void CallPipeline::Carry(std::shared_ptr<Job> job) {
  log::TraceScope scope(job->trace);
  if (job->context.past && job->context.past->first == Timeline::kRecorded) {
    auto settled = parts_.services.store->SettleLog(job->context.past->second);
    if (!settled.ok()) return Finish(*job, settled);
  }
  if (job->binding->stream) return Stream(job);
  if (!job->binding->group) return Try(job);
  // Questions about the past are not asked together, and take their time.
  if (job->context.past) return AnswerGroup({job});
  if (groups_.Add(job)) groups_.Work();
}

void CallPipeline::Busy(Job& job) {
  Status busy(Code::kResourceExhausted, "SERVER_BUSY",
              "Too many calls are waiting; try again later.");
  Finish(job, busy.RetryAfter(std::chrono::milliseconds(500)));
}

Status CallPipeline::Authorise(Job& job, Result<Principal> principal) {
  if (!principal.ok()) return principal.status();
  const auto& options = job.binding->method->options().GetExtension(options::v1::method);
  job.context.principal = std::move(*principal);
  if (!options.public_() && job.context.principal.tenant.is_nil()) {
    return Status(Code::kUnauthenticated, "NO_TENANT", "The credentials belong to no tenant.");
  }
  if (job.context.stop.stop_requested()) {
    return Status(Code::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                  "The call's deadline passed before it was begun; nothing was done.");
  }
  if (parts_.rate_limit != nullptr) {
    auto status = parts_.rate_limit->Admit(job.context.principal, job.context.origin);
    if (!status.ok()) return status;
  }
  const std::string& permission = options.permission();
  if (permission.empty()) return Status::Ok();
  auto dot = permission.find('.');
  job.context.object = permission.substr(0, dot);
  job.context.action = permission.substr(dot + 1);
  if (!job.context.principal.Allows(job.context.object, job.context.action)) {
    return PermissionDenied(job.context.object, job.context.action);
  }
  return Status::Ok();
}

Status CallPipeline::ReadRequest(Job& job) {
  job.request = rpc::NewMessage(job.binding->method->input_type());
  if (!job.request->ParseFromString(job.rpc->request())) {
    return InvalidArgument("REQUEST_UNREADABLE",
                           "The request is not a valid " + job.request->GetTypeName() + ".");
  }
  if (auto as_of = TimeOf(*job.request, "as_of")) {
    job.context.past = {Timeline::kRecorded, *as_of};
  } else if (auto effective = TimeOf(*job.request, "effective_as_of")) {
    job.context.past = {Timeline::kOccurred, *effective};
  }
  job.validate_only = FlagOf(*job.request, "validate_only");
  std::string request_id = RequestId(*job.request);
  if (request_id.empty() || job.reads_only()) return Status::Ok();
  if (request_id.size() > 200)
    return InvalidField("request_id", "must have at most 200 characters");
  job.idempotency = IdempotencyRecord(*parts_.services.types, job.context.principal.tenant,
                                      job.context.principal.name, job.context.origin, request_id);
  job.request_hash = RequestHash(*job.request);
  return Status::Ok();
}

// Stops when every one of some calls has been stopped.
class CallPipeline::AllStopped {
 public:
  explicit AllStopped(const std::vector<Job*>& jobs) : left_(jobs.size()) {
    for (const Job* job : jobs) {
      callbacks_.emplace_back(job->context.stop, [this] {
        if (--left_ == 0) source_.request_stop();
      });
    }
  }
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::atomic<size_t> left_;
  std::stop_source source_;
  std::deque<std::stop_callback<std::function<void()>>> callbacks_;
};

// Reads that waited together: one question for all of one method.
void CallPipeline::AnswerGroup(const std::vector<std::shared_ptr<Job>>& jobs) {
  std::map<const MethodBinding*, std::vector<Job*>> methods;
  for (const auto& job : jobs) methods[job->binding].push_back(job.get());
  for (const auto& [binding, members] : methods) {
    std::deque<Call> calls;
    std::vector<CallToAnswer> questions;
    for (const Job* job : members) {
      questions.push_back({&calls.emplace_back(committed_, job->context), job->request.get()});
    }
    AllStopped stopped(members);
    auto answers = binding->group(questions, stopped.token());
    for (size_t i = 0; i < members.size(); ++i) {
      log::TraceScope scope(members[i]->trace);
      if (answers[i].ok()) members[i]->answer = std::move(*answers[i]);
      Finish(*members[i], answers[i].status());
    }
  }
}

void CallPipeline::Stream(std::shared_ptr<Job> job) {
  Call call(committed_, job->context);
  auto write = [&](const Message& message) {
    return !job->context.stop.stop_requested() && job->rpc->Write(message.SerializeAsString());
  };
  Finish(*job, job->binding->stream(call, *job->request, write));
}

Executor* CallPipeline::ExecutorOf(const MethodBinding* binding) const {
  if (binding == nullptr) return parts_.executor;
  if (binding->stream) return parts_.stream_executor;
  bool is_public = binding->method->options().GetExtension(options::v1::method).public_();
  return is_public && parts_.public_executor != nullptr ? parts_.public_executor : parts_.executor;
}

void CallPipeline::Finish(Job& job, Status status) {
  auto elapsed = std::chrono::steady_clock::now() - job.started;
  meters_->calls.With({parts_.services.service, job.context.origin, CodeName(status.code())}).Add();
  meters_->seconds.With({parts_.services.service, job.context.origin})
      .Observe(std::chrono::duration_cast<Duration>(elapsed));
  bool ours = status.code() == Code::kInternal || status.code() == Code::kDataLoss;
  parts_.log->Log(ours ? log::Level::kError : log::Level::kInfo, "call",
                  {{"origin", log::Safe(job.context.origin)},
                   {"tenant", job.context.principal.tenant},
                   {"status", status},
                   {"duration", elapsed}});
  if (job.rpc == nullptr) return job.done(std::move(status));
  if (!status.ok()) return job.rpc->Finish(std::move(status));
  if (job.answer) return job.rpc->Finish(std::move(*job.answer));
  // The same bytes for the same answer, also where it has maps.
  job.rpc->Finish(job.response == nullptr ? std::string() : EncodeRecord(*job.response));
}

Status CallPipeline::Run(InternalCall call, std::function<void(Status)> done) {
  auto job = std::make_shared<Job>();
  job->internal = std::move(call);
  job->done = std::move(done);
  job->context.id = job->internal.id;
  job->context.principal = job->internal.principal;
  job->context.cause = job->internal.cause;
  job->context.origin = job->internal.origin;
  job->context.now = parts_.clock->Now();
  job->trace = TraceFrom(job->internal.cause.traceparent, *parts_.ids);
  job->context.cause.traceparent = trace::FormatTraceparent(job->trace);
  if (parts_.executor->Post([this, job] { Try(job); })) return Status::Ok();
  Status busy(Code::kResourceExhausted, "SERVER_BUSY",
              "Too many calls are waiting; try again later.");
  return busy.RetryAfter(std::chrono::milliseconds(100));
}

Status CallPipeline::ReadDirectly(const MethodBinding& binding, const Principal& principal,
                                  const Message& request, Message& response, std::stop_token stop) {
  CallContext context;
  context.id = parts_.ids->Next();
  context.principal = principal;
  context.now = parts_.clock->Now();
  context.origin = binding.method->service()->full_name() + "/" + binding.method->name();
  context.stop = stop;
  const std::string& permission =
      binding.method->options().GetExtension(options::v1::method).permission();
  auto dot = permission.find('.');
  if (dot != std::string::npos) {
    context.object = permission.substr(0, dot);
    context.action = permission.substr(dot + 1);
    if (!principal.Allows(context.object, context.action)) {
      return PermissionDenied(context.object, context.action);
    }
  }
  Call call(committed_, context);
  auto answer = AsMessages(binding)(call, request);
  if (!answer.ok()) return answer.status();
  call.Complete(**answer);
  response.CopyFrom(**answer);
  return Status::Ok();
}

}  // namespace crm
