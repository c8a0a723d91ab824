#include "libs/service/host.h"

#include <algorithm>

#include "crm/options/v1/options.pb.h"
#include "libs/command/kernel_schema.h"
#include "libs/command/pg_store.h"
#include "libs/command/reindexer.h"
#include "libs/config/config.h"
#include "libs/events/event_service.h"
#include "libs/events/kafka_source.h"
#include "libs/events/relay.h"
#include "libs/operations/operations.h"
#include "libs/pg/dsn.h"
#include "libs/service/databases.h"
#include "libs/service/kafka_options.h"
#include "libs/service/ticker.h"

namespace crm {

namespace {

constexpr auto kTick = std::chrono::milliseconds(200);
constexpr auto kPruneInterval = std::chrono::minutes(1);
constexpr size_t kPruneBatch = 1000;
constexpr size_t kCommitQueue = 4096;
constexpr size_t kFrontThreads = 2;

std::chrono::milliseconds Milliseconds(const google::protobuf::Duration& duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(config::ToDuration(duration));
}

CommitterOptions CommitterOptionsOf(const config::v1::Limits& limits) {
  CommitterOptions options;
  options.group_sets = static_cast<size_t>(limits.commit_group_calls());
  options.group_bytes = static_cast<size_t>(limits.commit_group_bytes());
  options.queue_limit = kCommitQueue;
  return options;
}

}  // namespace

// Members in the order in which they are built; destroyed in reverse.
struct ServiceHost::Rep {
  Rep(ServiceDefinition definition_in, runtime::AppContext& app_in, const HostParts& parts_in)
      : definition(std::move(definition_in)),
        app(app_in),
        parts(parts_in),
        log(app.log.With({{"module", log::Safe(definition.name)}})) {}

  Status Build();
  void BuildConsumers();
  void Tick(std::stop_token stop);
  PipelineParts MakePipelineParts();

  ServiceDefinition definition;
  runtime::AppContext& app;
  HostParts parts;
  log::Logger log;
  std::unique_ptr<pg::Database> database;
  std::unique_ptr<pg::Database> scan;
  std::unique_ptr<PgStore> store;
  std::unique_ptr<ThreadPool> executor;
  // Of public methods, where there are any.
  std::unique_ptr<ThreadPool> front;
  // Adapters wait for the outside world here and take no thread from the handlers.
  std::unique_ptr<ThreadPool> outside;
  std::unique_ptr<Committer> committer;
  std::unique_ptr<Reindexer> reindexer;
  std::unique_ptr<CallPipeline> pipeline;
  std::unique_ptr<events::Relay> relay;
  std::vector<std::unique_ptr<events::EventApplier>> appliers;
  std::vector<std::unique_ptr<events::KafkaSource>> sources;
  std::unique_ptr<TimerPump> timers;
  std::unique_ptr<EffectPump> effects;
  std::unique_ptr<events::EventServer> event_server;
  std::unique_ptr<operations::OperationsServer> operations_server;
  std::unique_ptr<Ticker> ticker;
  Time next_prune{};
  bool indexing = false;  // the last step found rows to index anew
};

Status ServiceHost::Rep::Build() {
  auto databases = OpenDatabases(app.config, definition.name);
  if (!databases.ok()) return databases.status();
  database = std::move(databases->own);
  scan = std::move(databases->scan);
  store = std::make_unique<PgStore>(*database, *scan);
  const auto& limits = app.config.limits();
  executor = std::make_unique<ThreadPool>(static_cast<size_t>(limits.worker_threads()),
                                          static_cast<size_t>(limits.queue_length()));
  bool has_public = std::any_of(
      definition.methods.begin(), definition.methods.end(), [](const MethodBinding& binding) {
        return binding.method->options().GetExtension(options::v1::method).public_();
      });
  if (has_public) {
    front = std::make_unique<ThreadPool>(kFrontThreads, static_cast<size_t>(limits.queue_length()));
  }
  auto group_size = app.metrics
                        .AddHistogram({.name = "crm_commit_group_calls",
                                       .help = "Calls that one commit carried.",
                                       .labels = {"service"}},
                                      metrics::CountBuckets())
                        .With({definition.name});
  committer = std::make_unique<Committer>(
      *store, CommitterOptionsOf(limits),
      [this](std::vector<kernel::v1::LogRow> rows) {
        event_server->Committed(rows);
        relay->Offer(std::move(rows));
      },
      group_size);
  reindexer = std::make_unique<Reindexer>(*definition.types, *store, *committer);
  events::RelayOptions relay_options;
  relay_options.service = definition.name;
  relay_options.topic = TopicOf(app.config, definition.name);
  relay_options.replication_factor = app.config.kafka().replication_factor();
  relay_options.kafka = KafkaOptionsOf(app.config, definition.name + ".relay", log);
  relay_options.holder = app.ids.Next().ToString();
  relay_options.lease = Milliseconds(app.config.kafka().relay_lease());
  relay = std::make_unique<events::Relay>(relay_options, *definition.types, *store, *committer,
                                          app.clock, log, app.metrics);
  event_server =
      std::make_unique<events::EventServer>(definition.name, *definition.types, *store, app.clock);
  pipeline = std::make_unique<CallPipeline>(MakePipelineParts());
  BuildConsumers();
  std::vector<events::EventApplier*> consumers;
  for (const auto& applier : appliers) consumers.push_back(applier.get());
  operations_server =
      std::make_unique<operations::OperationsServer>(definition.name, *definition.types, consumers);
  timers = std::make_unique<TimerPump>(definition.timers, definition.name, *definition.types,
                                       *store, *pipeline, app.clock, log, app.metrics);
  if (!definition.effects.empty()) {
    outside = std::make_unique<ThreadPool>(4, 256);
    effects =
        std::make_unique<EffectPump>(definition.effects, definition.name, *definition.types, *store,
                                     *pipeline, *outside, app.clock, log, app.metrics);
  }
  ticker = std::make_unique<Ticker>(kTick, [this](std::stop_token stop) { Tick(stop); });
  return Status::Ok();
}

PipelineParts ServiceHost::Rep::MakePipelineParts() {
  PipelineParts made;
  made.services = {definition.types.get(), store.get(), committer.get(), parts.remote,
                   definition.name};
  made.committer = committer.get();
  made.executor = executor.get();
  made.stream_executor = parts.streams;
  made.public_executor = front.get();
  made.clock = &app.clock;
  made.ids = &app.ids;
  made.authenticator = parts.authenticator;
  made.rate_limit = parts.rate_limit;
  made.log = &log;
  made.metrics = &app.metrics;
  return made;
}

void ServiceHost::Rep::BuildConsumers() {
  for (const auto& consumer : definition.consumers) {
    appliers.push_back(std::make_unique<events::EventApplier>(
        consumer, definition.name, *definition.types, *pipeline, log, app.metrics));
    events::KafkaSourceOptions options;
    options.kafka = KafkaOptionsOf(app.config, consumer.name, log);
    options.session_timeout = Milliseconds(app.config.kafka().session_timeout());
    options.group_id = app.config.kafka().topic_prefix() + "crm." + consumer.name + "." +
                       std::to_string(consumer.generation);
    for (const auto& source : consumer.sources)
      options.topics.push_back(TopicOf(app.config, source));
    sources.push_back(std::make_unique<events::KafkaSource>(options, *appliers.back(), app.clock,
                                                            log, app.metrics));
  }
}

void ServiceHost::Rep::Tick(std::stop_token stop) {
  Status fired = timers->Fire(stop).status();
  if (!fired.ok()) log.Warning("timers cannot be read", {{"status", fired}});
  Status worked = effects == nullptr ? Status::Ok() : effects->Work(stop).status();
  if (!worked.ok()) log.Warning("effects cannot be read", {{"status", worked}});
  Status tidied = store->TidySearch(stop).status();
  if (!tidied.ok()) log.Warning("search indexes cannot be tidied", {{"status", tidied}});
  if (indexing || app.clock.Now() >= next_prune) {
    auto more = reindexer->Step(stop);
    indexing = more.ok() && *more;
    if (Status status = more.status(); !status.ok()) {
      log.Warning("rows cannot be indexed", {{"status", status}});
    }
  }
  if (app.clock.Now() < next_prune) return;
  next_prune = app.clock.Now() + kPruneInterval;
  auto pruned = store->PruneExpired(app.clock.Now(), kPruneBatch);
  // A full batch: more are waiting.
  if (pruned.ok() && *pruned == static_cast<int64_t>(kPruneBatch)) next_prune = Time{};
}

Result<std::unique_ptr<ServiceHost>> ServiceHost::Create(ServiceDefinition definition,
                                                         runtime::AppContext& app,
                                                         const HostParts& parts) {
  auto rep = std::make_unique<Rep>(std::move(definition), app, parts);
  if (auto status = rep->Build(); !status.ok()) {
    return status.With("module", rep->definition.name);
  }
  return std::unique_ptr<ServiceHost>(new ServiceHost(std::move(rep)));
}

ServiceHost::ServiceHost(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
ServiceHost::~ServiceHost() = default;

const ServiceDefinition& ServiceHost::definition() const {
  return rep_->definition;
}
std::string ServiceHost::name() const {
  return rep_->definition.name;
}

std::vector<rpc::ServiceBinding> ServiceHost::Bindings() {
  auto methods = rep_->definition.methods;
  for (auto& method : rep_->event_server->Methods()) methods.push_back(std::move(method));
  for (auto& method : rep_->operations_server->Methods()) methods.push_back(std::move(method));
  return rep_->pipeline->Bindings(methods);
}

Status ServiceHost::Start() {
  rep_->committer->Start();
  rep_->relay->Start();
  for (auto& source : rep_->sources) source->Start();
  rep_->ticker->Start();
  return Status::Ok();
}

void ServiceHost::Stop(runtime::SteadyTime deadline) {
  auto left = [deadline] {
    auto rest = deadline - std::chrono::steady_clock::now();
    return std::max(std::chrono::milliseconds(0),
                    std::chrono::duration_cast<std::chrono::milliseconds>(rest));
  };
  rep_->event_server->Stop();
  rep_->ticker->Stop();
  for (auto& source : rep_->sources) source->Stop(left() / 2);
  if (rep_->front != nullptr) rep_->front->Stop();
  rep_->executor->Stop();
  if (rep_->outside != nullptr) rep_->outside->Stop();
  rep_->committer->Drain();
  // Before the committer stops: the relay's last cursor and its lease go through it.
  rep_->relay->Stop(left() / 2);
  rep_->committer->Stop();
}

Status ServiceHost::Health() const {
  return rep_->database->Ping();
}

Status MigrateService(const ServiceDefinition& definition, const config::v1::Config& config) {
  auto settings = config::PostgresOf(config, definition.name);
  auto owner_password = config::ReadSecret(settings.owner_password_file());
  if (!owner_password.ok()) return owner_password.status();
  auto password = config::ReadSecret(settings.password_file());
  if (!password.ok()) return password.status();
  auto owner_dsn = owner_password->empty()
                       ? Result<std::string>(settings.owner_dsn())
                       : pg::DsnForRole(settings.owner_dsn(), "", *owner_password);
  if (!owner_dsn.ok()) return owner_dsn.status();
  pg::MigrationPlan plan;
  plan.owner_dsn = *owner_dsn;
  plan.schema = settings.schema();
  plan.role = settings.role();
  plan.role_password = *password;
  auto scan_password = config::ReadSecret(settings.scan_password_file());
  if (!scan_password.ok()) return scan_password.status();
  plan.scan_role = settings.scan_role();
  plan.scan_role_password = *scan_password;
  plan.migrations = kernel::Migrations();
  plan.migrations.insert(plan.migrations.end(), definition.migrations.begin(),
                         definition.migrations.end());
  return pg::Migrate(plan);
}

std::string TopicOf(const config::v1::Config& config, const std::string& service) {
  return config.kafka().topic_prefix() + "crm." + service + ".v1";
}

}  // namespace crm
