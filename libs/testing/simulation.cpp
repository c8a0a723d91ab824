#include "libs/testing/simulation.h"

#include <deque>
#include <map>
#include <random>
#include <stdexcept>

#include "libs/command/memory_store.h"
#include "libs/events/event_service.h"
#include "libs/operations/operations.h"
#include "libs/process/shared_methods.h"
#include "libs/rpc/descriptors.h"
#include "libs/testing/call_harness.h"

namespace crm::test {

using google::protobuf::Message;
using kernel::v1::LogRow;

namespace {

// One in so many deliveries comes twice.
constexpr unsigned kRepeatOneIn = 8;
// Attempts of one event after which it waits for the next RunUntilIdle.
constexpr int kAttempts = 30;
constexpr auto kStep = std::chrono::minutes(1);

class Tasks final : public Executor {
 public:
  bool Post(Task task) override {
    queue_.push_back(std::move(task));
    return true;
  }
  size_t size() const { return queue_.size(); }
  void Run(size_t index) {
    auto at = queue_.begin() + static_cast<std::ptrdiff_t>(index);
    Task task = std::move(*at);
    queue_.erase(at);
    task();
  }

 private:
  std::deque<Task> queue_;
};

class Tokens final : public Authenticator {
 public:
  std::string TokenFor(const Principal& principal) {
    principals_.push_back(principal);
    return std::to_string(principals_.size() - 1);
  }
  Result<Principal> Authenticate(const rpc::Metadata& metadata) override {
    return principals_.at(std::stoul(metadata.find("authorization")->second));
  }
  std::optional<Result<Principal>> Known(const rpc::Metadata& metadata) override {
    return Authenticate(metadata);
  }

 private:
  std::vector<Principal> principals_;
};

std::string FullName(const MethodBinding& binding) {
  return binding.method->service()->full_name() + "/" + binding.method->name();
}

Simulation::Answer AnswerOf(FakeServerCall& call) {
  auto bytes = call.Wait();
  if (!bytes.ok()) return bytes.status();
  auto response = rpc::NewMessage(call.method().output_type());
  if (!response->ParseFromString(*bytes)) return Internal("the response cannot be read");
  return response;
}

// A service.
struct Node {
  Node(ServiceDefinition definition_in, const Clock& clock, RemoteReader& remote)
      : definition(std::move(definition_in)),
        store(*definition.types, clock),
        committer(store, {}, nullptr),
        event_server(definition.name, *definition.types, store, clock),
        services{definition.types.get(), &store, &committer, &remote, definition.name} {}

  ServiceDefinition definition;
  MemoryStore store;
  Committer committer;
  events::EventServer event_server;
  CallServices services;
  // With those that every service has.
  std::vector<MethodBinding> methods;
  std::unique_ptr<CallPipeline> pipeline;
  std::vector<std::unique_ptr<events::EventApplier>> appliers;
  std::unique_ptr<TimerPump> timers;
  std::unique_ptr<EffectPump> effects;
  std::unique_ptr<operations::OperationsServer> operations_server;
};

}  // namespace

struct Simulation::Rep final : RemoteReader {
  // Events of one subject on their way to one consumer.
  struct Lane {
    std::deque<LogRow> rows;
    bool busy = false;
    bool repeated = false;
    int attempt = 1;
    size_t not_before = 0;  // step
  };
  struct Feed {
    Node* source = nullptr;
    events::EventApplier* applier = nullptr;
    int64_t read = 0;
    std::map<std::string, Lane> lanes;
  };

  Rep(std::vector<ServiceDefinition> services, uint64_t seed);
  Node& Find(std::string_view name);
  const MethodBinding& FindMethod(const std::string& method, const Message& request, Node*& owner);
  void BindMethods(Node& node);
  Status Read(const Principal& principal, const std::string& method, const Message& request,
              Message& response, std::stop_token stop) override;
  void ReadLogs();
  // One thing that can be done now, chosen by the seed; false: there is none.
  bool Step();
  void Deliver(Feed& feed, const std::string& key);
  // Timers and effects that are due; false: none.
  bool Wake();
  void Run();
  std::optional<Time> NextDue();

  ManualClock clock{kMonday};
  std::mt19937_64 random;
  std::unique_ptr<IdGenerator> ids = MakeSeededIds(clock, 1);
  log::Logger log = log::Logger::Silent();
  metrics::Registry metrics;
  Tokens tokens;
  Tasks tasks;
  size_t steps = 0;
  bool events_held = false;
  std::map<std::string, std::string> service_by_collection;
  std::vector<std::string> delivered;
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::unique_ptr<Feed>> feeds;
};

Simulation::Rep::Rep(std::vector<ServiceDefinition> services, uint64_t seed) : random(seed) {
  for (auto& definition : services) {
    nodes.push_back(std::make_unique<Node>(std::move(definition), clock, *this));
    Node& node = *nodes.back();
    const auto& defined = node.definition;
    PipelineParts parts;
    parts.services = node.services;
    parts.committer = &node.committer;
    parts.executor = &tasks;
    parts.stream_executor = &tasks;
    parts.clock = &clock;
    parts.ids = ids.get();
    parts.authenticator = &tokens;
    parts.log = &log;
    parts.metrics = &metrics;
    node.pipeline = std::make_unique<CallPipeline>(std::move(parts));
    for (const auto& consumer : defined.consumers) {
      node.appliers.push_back(std::make_unique<events::EventApplier>(
          consumer, defined.name, *defined.types, *node.pipeline, log, metrics));
    }
    node.timers = std::make_unique<TimerPump>(defined.timers, defined.name, *defined.types,
                                              node.store, *node.pipeline, clock, log, metrics);
    node.effects =
        std::make_unique<EffectPump>(defined.effects, defined.name, *defined.types, node.store,
                                     *node.pipeline, tasks, clock, log, metrics);
    BindMethods(node);
  }
  for (auto& node : nodes) {
    for (auto& applier : node->appliers) {
      for (const auto& source : applier->consumer().sources) {
        feeds.push_back(std::make_unique<Feed>());
        feeds.back()->source = &Find(source);
        feeds.back()->applier = applier.get();
      }
    }
  }
}

void Simulation::Rep::BindMethods(Node& node) {
  std::vector<events::EventApplier*> appliers;
  for (const auto& applier : node.appliers) appliers.push_back(applier.get());
  node.operations_server = std::make_unique<operations::OperationsServer>(
      node.definition.name, *node.definition.types, appliers);
  node.methods = node.definition.methods;
  for (const auto& more : {node.event_server.Methods(), node.operations_server->Methods()}) {
    node.methods.insert(node.methods.end(), more.begin(), more.end());
  }
  for (const auto& type : node.definition.types->all()) {
    if (!type->projection()) service_by_collection[type->collection()] = node.definition.name;
  }
}

Node& Simulation::Rep::Find(std::string_view name) {
  for (auto& node : nodes) {
    if (node->definition.name == name) return *node;
  }
  throw std::runtime_error("the simulation has no service " + std::string(name));
}

const MethodBinding& Simulation::Rep::FindMethod(const std::string& method, const Message& request,
                                                 Node*& owner) {
  const MethodBinding* found = nullptr;
  for (auto& node : nodes) {
    for (const auto& binding : node->methods) {
      if (FullName(binding) != method) continue;
      const bool named = node->definition.name == ServiceOf(request, service_by_collection);
      if (found != nullptr && !named) continue;
      found = &binding;
      owner = node.get();
    }
  }
  if (found != nullptr) return *found;
  throw std::runtime_error("no service of the simulation has " + method);
}

Status Simulation::Rep::Read(const Principal& principal, const std::string& method,
                             const Message& request, Message& response, std::stop_token stop) {
  Node* owner = nullptr;
  const MethodBinding& binding = FindMethod(method, request, owner);
  return owner->pipeline->ReadDirectly(binding, principal, request, response, stop);
}

void Simulation::Rep::ReadLogs() {
  for (auto& feed : feeds) {
    LogQuery query;
    query.after_seq = feed->read;
    auto rows = feed->source->store.ReadLog(query, {});
    for (const auto& row : *rows) {
      feed->lanes[row.tenant() + row.subject()].rows.push_back(row);
      feed->read = row.seq();
    }
  }
}

bool Simulation::Rep::Step() {
  ReadLogs();
  ++steps;
  std::vector<std::function<void()>> choices;
  for (size_t i = 0; i < tasks.size(); ++i) choices.push_back([this, i] { tasks.Run(i); });
  for (auto& node : nodes) {
    if (!node->committer.idle()) {
      choices.push_back([committer = &node->committer] { committer->FlushOnce(); });
    }
  }
  bool only_waiting = choices.empty();
  for (bool patient : {true, false}) {
    for (auto& feed : feeds) {
      if (events_held) break;
      for (auto& [key, lane] : feed->lanes) {
        if (lane.busy || lane.rows.empty() || lane.attempt > kAttempts) continue;
        if (patient && lane.not_before > steps) continue;
        choices.push_back([this, at = feed.get(), key = key] { Deliver(*at, key); });
      }
    }
    // Those that failed are brought again at once where nothing else can happen.
    if (!choices.empty() || !only_waiting) break;
  }
  if (choices.empty()) return false;
  choices[random() % choices.size()]();
  return true;
}

void Simulation::Rep::Deliver(Feed& feed, const std::string& key) {
  Lane& lane = feed.lanes[key];
  lane.busy = true;
  const LogRow row = lane.rows.front();
  delivered.push_back(feed.applier->consumer().name + " " + row.subject() + "@" +
                      std::to_string(row.version()));
  feed.applier->Apply(row, lane.attempt, [this, at = &lane](events::Applied applied) {
    at->busy = false;
    if (applied == events::Applied::kAgain) {
      at->not_before = steps + 10 * static_cast<size_t>(at->attempt++);
      return;
    }
    at->attempt = 1;
    at->repeated = !at->repeated && random() % kRepeatOneIn == 0;
    if (!at->repeated) at->rows.pop_front();
  });
}

bool Simulation::Rep::Wake() {
  int started = 0;
  for (auto& node : nodes) {
    started += *node->timers->Fire({});
    started += *node->effects->Work({});
  }
  return started > 0;
}

void Simulation::Rep::Run() {
  for (auto& feed : feeds) {
    for (auto& [key, lane] : feed->lanes) lane.attempt = std::min(lane.attempt, kAttempts - 1);
  }
  do {
    while (Step()) {
    }
  } while (Wake());
}

std::optional<Time> Simulation::Rep::NextDue() {
  std::optional<Time> next;
  for (auto& node : nodes) {
    auto due = *node->timers->NextDue({});
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

Simulation::Simulation(std::vector<ServiceDefinition> services, uint64_t seed)
    : rep_(std::make_unique<Rep>(std::move(services), seed)) {}

Simulation::~Simulation() = default;

Principal Simulation::Admin(const Uuid& tenant) {
  return {tenant, "users/" + Uuid{{7}}.ToString(), {}, {{"*", "*", Scope::kAll, ""}}};
}

std::vector<Simulation::Answer> Simulation::CallTogether(const std::vector<Request>& requests,
                                                         const Principal& as) {
  std::vector<std::shared_ptr<FakeServerCall>> calls;
  for (const auto& [method, message] : requests) {
    Node* owner = nullptr;
    const MethodBinding& binding = rep_->FindMethod(method, *message, owner);
    rpc::Metadata metadata{{"authorization", rep_->tokens.TokenFor(as)}};
    calls.push_back(std::make_shared<FakeServerCall>(*binding.method, std::move(metadata),
                                                     message->SerializeAsString()));
    owner->pipeline->Handle(binding, calls.back());
  }
  std::vector<Answer> answers;
  for (const auto& call : calls) {
    while (!call->done()) {
      if (!rep_->Step()) throw std::runtime_error(call->method().full_name() + " is not answered");
    }
    answers.push_back(AnswerOf(*call));
  }
  return answers;
}

Simulation::Answer Simulation::CallMessage(const std::string& method, const Message& request,
                                           const Principal& as) {
  return std::move(CallTogether({{method, &request}}, as).front());
}

void Simulation::HoldEvents(bool held) {
  rep_->events_held = held;
}

void Simulation::RunUntilIdle() {
  rep_->Run();
}

void Simulation::AdvanceTo(Time time) {
  RunUntilIdle();
  while (rep_->clock.Now() < time) {
    auto next = rep_->NextDue();
    // A timer that is due and pauses after a failure.
    if (next && *next <= rep_->clock.Now()) next = rep_->clock.Now() + kStep;
    rep_->clock.Set(next ? std::min(*next, time) : time);
    RunUntilIdle();
  }
}

ManualClock& Simulation::clock() {
  return rep_->clock;
}

Store& Simulation::store(std::string_view service) {
  return rep_->Find(service).store;
}

std::string Simulation::LogHash() const {
  std::string hash;
  for (const auto& node : rep_->nodes) {
    LogQuery query;
    query.limit = 1'000'000;
    auto rows = node->store.ReadLog(query, {});
    for (const auto& row : *rows) {
      hash = NamedUuid(hash, row.SerializeAsString()).ToString();
    }
  }
  return hash;
}

const std::vector<std::string>& Simulation::deliveries() const {
  return rep_->delivered;
}

}  // namespace crm::test
