#include "libs/testing/call_harness.h"

#include <deque>
#include <map>
#include <stdexcept>

#include "libs/base/executor.h"
#include "libs/command/memory_store.h"
#include "libs/rpc/descriptors.h"
#include "libs/testing/eventually.h"

namespace crm::test {

using google::protobuf::Message;

namespace {

// Keeps tasks until somebody runs them.
class StepExecutor final : public Executor {
 public:
  bool Post(Task task) override {
    tasks_.push_back(std::move(task));
    return true;
  }
  bool Step() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }

 private:
  std::deque<Task> tasks_;
};

// Knows the principals that the test has used, by the token that the harness sends for them.
class TokenAuthenticator final : public Authenticator {
 public:
  std::string TokenFor(const Principal& principal) {
    std::lock_guard lock(mutex_);
    std::string token = "token-" + std::to_string(principals_.size() + 1);
    principals_[token] = principal;
    return token;
  }

  Result<Principal> Authenticate(const rpc::Metadata& metadata) override {
    std::lock_guard lock(mutex_);
    auto header = metadata.find("authorization");
    auto found =
        header == metadata.end() ? principals_.end() : principals_.find(header->second.substr(7));
    if (found != principals_.end()) return found->second;
    return Status(Code::kUnauthenticated, "NO_CREDENTIALS", "There is no such token.");
  }
  std::optional<Result<Principal>> Known(const rpc::Metadata& metadata) override {
    return Authenticate(metadata);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Principal> principals_;  // GUARDED_BY(mutex_)
};

std::string FullName(const google::protobuf::MethodDescriptor& method) {
  return method.service()->full_name() + "/" + method.name();
}

}  // namespace

FakeServerCall::FakeServerCall(const google::protobuf::MethodDescriptor& method,
                               rpc::Metadata metadata, std::string request)
    : method_(method), metadata_(std::move(metadata)), request_(std::move(request)) {}

bool FakeServerCall::Write(const std::string& message) {
  std::lock_guard lock(mutex_);
  if (stop_.stop_requested()) return false;
  written_.push_back(message);
  return true;
}

void FakeServerCall::Finish(Result<std::string> response) {
  std::lock_guard lock(mutex_);
  if (result_) throw std::runtime_error(FullName(method_) + " was answered twice");
  result_ = std::move(response);
  changed_.notify_all();
}

bool FakeServerCall::done() const {
  std::lock_guard lock(mutex_);
  return result_.has_value();
}

Result<std::string> FakeServerCall::Wait() const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return result_.has_value(); })) {
    throw std::runtime_error(FullName(method_) + " was not answered");
  }
  return *result_;
}

std::vector<std::string> FakeServerCall::written() const {
  std::lock_guard lock(mutex_);
  return written_;
}

struct CallHarness::Rep {
  Rep(const std::vector<const google::protobuf::Descriptor*>& records, CallHarnessOptions options)
      : ids(MakeSeededIds(clock, options.seed)),
        types(records),
        store(options.store != nullptr ? std::move(options.store)
                                       : std::make_unique<MemoryStore>(types, clock)),
        committer(*store, options.committer, std::move(options.on_committed)),
        services{&types, store.get(), &committer, options.remote, "test"} {
    if (options.threads > 0) {
      pool = std::make_unique<ThreadPool>(options.threads, 10000);
      committer.Start();
    }
    PipelineParts parts;
    parts.services = services;
    parts.committer = &committer;
    parts.executor = pool != nullptr ? static_cast<Executor*>(pool.get()) : &steps;
    parts.stream_executor = pool.get();
    parts.clock = &clock;
    parts.ids = ids.get();
    parts.authenticator = &authenticator;
    parts.rate_limit = options.rate_limit;
    parts.log = &log;
    parts.metrics = &metrics;
    pipeline = std::make_unique<CallPipeline>(std::move(parts));
  }

  // Commits that are under way post to the pool, and tasks of the pool submit commits: both end
  // when no call is under way.
  ~Rep() {
    if (pool != nullptr) pool->Stop();
    committer.Stop();
  }

  const MethodBinding& Find(std::string_view method) const {
    const MethodBinding* found = nullptr;
    for (const auto& [name, binding] : bindings) {
      if (name != method && binding.method->name() != method) continue;
      if (found != nullptr) throw std::runtime_error(std::string(method) + " is ambiguous");
      found = &binding;
    }
    if (found == nullptr) throw std::runtime_error(std::string(method) + " is not bound");
    return *found;
  }

  ManualClock clock{kMonday};
  std::unique_ptr<IdGenerator> ids;
  Principal admin{
      ids->Next(), "users/" + ids->Next().ToString(), {}, {{"*", "*", Scope::kAll, ""}}};
  log::Logger log = log::Logger::Silent();
  metrics::Registry metrics;
  TokenAuthenticator authenticator;
  RecordTypes types;
  std::unique_ptr<Store> store;
  StepExecutor steps;
  std::unique_ptr<ThreadPool> pool;
  Committer committer;
  CallServices services;
  std::unique_ptr<CallPipeline> pipeline;
  std::map<std::string, MethodBinding, std::less<>> bindings;
};

CallHarness::CallHarness(const std::vector<const google::protobuf::Descriptor*>& records,
                         CallHarnessOptions options)
    : rep_(std::make_unique<Rep>(records, std::move(options))) {}

CallHarness::~CallHarness() = default;

const RecordTypes& CallHarness::types() const {
  return rep_->types;
}

const RecordType& CallHarness::type(const google::protobuf::Descriptor* message) const {
  const RecordType* type = rep_->types.Find(message);
  if (type == nullptr) throw std::runtime_error(message->full_name() + " is no record here");
  return *type;
}

Store& CallHarness::store() {
  return *rep_->store;
}
Committer& CallHarness::committer() {
  return rep_->committer;
}
CallPipeline& CallHarness::pipeline() {
  return *rep_->pipeline;
}
ManualClock& CallHarness::clock() {
  return rep_->clock;
}
const CallServices& CallHarness::services() const {
  return rep_->services;
}
const Principal& CallHarness::admin() const {
  return rep_->admin;
}

void CallHarness::Bind(const std::vector<MethodBinding>& methods) {
  for (const auto& binding : methods) rep_->bindings[FullName(*binding.method)] = binding;
}

Principal CallHarness::User(std::string_view permission, Scope scope) {
  auto dot = permission.find('.');
  Grant grant{std::string(permission.substr(0, dot)), std::string(permission.substr(dot + 1)),
              scope, ""};
  return {tenant(), "users/" + rep_->ids->Next().ToString(), {}, {std::move(grant)}};
}

std::shared_ptr<FakeServerCall> CallHarness::Begin(std::string_view method, const Message& request,
                                                   const Principal& as) {
  const MethodBinding& binding = rep_->Find(method);
  rpc::Metadata metadata{{"authorization", "Bearer " + rep_->authenticator.TokenFor(as)}};
  auto call = std::make_shared<FakeServerCall>(*binding.method, std::move(metadata),
                                               request.SerializeAsString());
  rep_->pipeline->Handle(binding, call);
  return call;
}

Result<std::unique_ptr<Message>> CallHarness::CallMessage(std::string_view method,
                                                          const Message& request,
                                                          const Principal& as) {
  auto call = Begin(method, request, as);
  if (rep_->pool == nullptr) Drain();
  auto bytes = call->Wait();
  if (!bytes.ok()) return bytes.status();
  auto response = rpc::NewMessage(call->method().output_type());
  if (!response->ParseFromString(*bytes)) throw std::runtime_error("unreadable response");
  return response;
}

Status CallHarness::Run(std::function<Status(crm::Call&)> handler) {
  InternalCall call;
  call.id = rep_->ids->Next();
  call.principal = admin();
  call.cause.correlation = call.id.ToString();
  call.origin = "test";
  call.run = std::move(handler);
  auto ended = std::make_shared<std::optional<Status>>();
  auto mutex = std::make_shared<std::mutex>();
  auto status = rep_->pipeline->Run(std::move(call), [ended, mutex](Status answer) {
    std::lock_guard lock(*mutex);
    *ended = std::move(answer);
  });
  if (!status.ok()) return status;
  if (rep_->pool == nullptr) Drain();
  auto answered = [&] {
    std::lock_guard lock(*mutex);
    return ended->has_value();
  };
  if (!Eventually(answered)) throw std::runtime_error("the call did not end");
  return **ended;
}

bool CallHarness::Step() {
  return rep_->steps.Step() || rep_->committer.FlushOnce();
}

void CallHarness::Drain() {
  while (Step()) {
  }
}

std::vector<kernel::v1::LogRow> CallHarness::Log() {
  LogQuery query;
  query.tenant = tenant();
  query.limit = 1'000'000;
  auto rows = store().ReadLog(query, {});
  if (!rows.ok()) throw std::runtime_error(rows.status().ToString());
  return std::move(*rows);
}

std::vector<pg::Migration> KernelAnd(const std::string& folder) {
  std::vector<pg::Migration> all;
  for (const std::string& each : {std::string("libs/command/migrations"), folder}) {
    if (each.empty()) continue;
    auto migrations = pg::LoadMigrations(each);
    if (!migrations.ok()) throw std::runtime_error(migrations.status().ToString());
    all.insert(all.end(), migrations->begin(), migrations->end());
  }
  return all;
}

}  // namespace crm::test
