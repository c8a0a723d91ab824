#include "tests/chaos/driver.h"

#include <google/protobuf/message.h>

namespace crm::chaos {

namespace {

constexpr std::chrono::seconds kTimeout(6);
// Before a call is repeated to a server that is still the same.
constexpr std::chrono::milliseconds kPause(100);
// Every third call whose answer was lost is left for later.
constexpr int kDeferOneOf = 3;

// The server has said no, and verified that no earlier attempt had taken effect.
bool Refusal(const Status& status) {
  switch (status.code()) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
    case Code::kAborted:
      return true;
    default:
      return false;
  }
}

rpc::ClientCallOptions OptionsOf(const TenantKeys& tenant, const std::string& id) {
  rpc::ClientCallOptions options;
  options.timeout = kTimeout;
  options.metadata.emplace("authorization", "Bearer " + tenant.key);
  if (!id.empty()) options.metadata.emplace("x-request-id", id);
  return options;
}

CallStep Step(const std::string& id, CallStep::Kind kind) {
  CallStep step;
  step.set_id(id);
  step.set_kind(kind);
  return step;
}

}  // namespace

void Driver::Connect(const std::vector<std::string>& addresses) {
  {
    std::lock_guard lock(mutex_);
    clients_.clear();
    for (const auto& address : addresses) clients_.push_back(rpc::RpcClient::Create(address));
    ++life_;
  }
  changed_.notify_all();
}

void Driver::Disconnect() {
  std::lock_guard lock(mutex_);
  clients_.clear();
}

void Driver::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

bool Driver::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

Driver::Line Driver::WaitForServer(int after) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPause, [&] { return closed_ || (!clients_.empty() && life_ != after); });
  changed_.wait(lock, [&] { return closed_ || !clients_.empty(); });
  return {closed_ ? nullptr : clients_[++turn_ % clients_.size()], life_};
}

std::optional<Result<std::string>> Driver::Attempt(const PlannedCall& call, Line& line) {
  line = WaitForServer(line.life);
  if (line.client == nullptr) return std::nullopt;
  auto answer = line.client->CallBytes(call.method, call.request, OptionsOf(*call.tenant, call.id));
  bool refused = !answer.ok() && Refusal(answer.status());
  CallStep step = Step(call.id, answer.ok() ? CallStep::OK
                                : refused   ? CallStep::FAIL
                                            : CallStep::UNKNOWN);
  if (answer.ok()) {
    step.set_response(*answer);
  } else {
    step.set_status(answer.status().ToString());
  }
  history_.Append(step);
  if (!answer.ok() && !refused) {
    ++lost_;
    return std::nullopt;
  }
  return answer;
}

std::optional<Result<std::string>> Driver::Pursue(const PlannedCall& call, bool may_defer) {
  Line line;
  while (!closed()) {
    auto outcome = Attempt(call, line);
    if (outcome) {
      if (outcome->ok() && call.learn) call.learn(**outcome);
      if (!outcome->ok() && call.refused) call.refused(outcome->status());
      return outcome;
    }
    std::lock_guard lock(mutex_);
    if (may_defer && std::hash<std::string>()(call.id) % kDeferOneOf == 0) {
      deferred_.push_back(call);
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Result<std::string>> Driver::Do(const PlannedCall& call, bool may_defer) {
  CallStep begin = Step(call.id, CallStep::INVOKE);
  begin.set_tenant(call.tenant->tenant);
  begin.set_method(call.method);
  begin.set_request(call.request);
  begin.set_events(call.events);
  begin.set_group(call.group);
  history_.Append(begin);
  return Pursue(call, may_defer);
}

void Driver::Repeat(const PlannedCall& call) {
  Line line;
  Attempt(call, line);
}

void Driver::Settle() {
  while (true) {
    PlannedCall call;
    {
      std::lock_guard lock(mutex_);
      if (deferred_.empty()) return;
      call = std::move(deferred_.back());
      deferred_.pop_back();
    }
    Pursue(call, false);
  }
}

Result<std::string> Driver::Read(const TenantKeys& tenant, const std::string& method,
                                 const google::protobuf::Message& request) {
  Line line = WaitForServer(0);
  if (line.client == nullptr) return Unavailable("CLOSED", "The bench has ended.");
  return line.client->CallBytes(method, request.SerializeAsString(), OptionsOf(tenant, ""));
}

void Driver::BeginRun(const std::string& run, const std::string& tenant, int rows) {
  CallStep step = Step(run, CallStep::INVOKE);
  step.set_run(run);
  step.set_tenant(tenant);
  step.set_events(rows);
  history_.Append(step);
}

void Driver::EndRun(const std::string& run) {
  history_.Append(Step(run, CallStep::OK));
}

}  // namespace crm::chaos
