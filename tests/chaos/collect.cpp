#include "tests/chaos/collect.h"

#include <fstream>
#include <stdexcept>

#include "libs/base/clock.h"
#include "libs/command/log_row.h"
#include "libs/command/pg_store.h"
#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/events/cloud_event.h"
#include "libs/kafka/topic_reader.h"
#include "libs/service/host.h"
#include "services/all/services.h"
#include "tests/chaos/witness.h"

namespace crm::chaos {

namespace {

constexpr size_t kPage = 2000;

template <class T>
T Must(Result<T> result, const std::string& what) {
  if (!result.ok()) throw std::runtime_error(what + ": " + result.status().ToString());
  return std::move(*result);
}

// One service: its definition, its schema as the owner, how far its topic was read.
struct Source {
  ServiceDefinition definition;
  std::string topic;
  std::unique_ptr<pg::Database> database;
  std::map<int32_t, int64_t> offsets;
};

std::vector<Source> Open(Installation& installation, const entity::PageTokens& tokens) {
  auto process = AllServices();
  process.services.emplace("witness", DefineWitness);
  entity::Settings settings;
  settings.page_tokens = &tokens;
  std::vector<Source> sources;
  for (const auto& [name, define] : process.services) {
    Source source;
    source.definition = Must(define(settings, installation.config()), name);
    source.topic = TopicOf(installation.config(), name);
    pg::DatabaseOptions options{.dsn = installation.owner_dsn(), .schema = "crm_" + name};
    options.pool_size = 1;
    source.database = Must(pg::Database::Open(options), name);
    sources.push_back(std::move(source));
  }
  return sources;
}

template <class Record>
void ReadAll(Source& source, std::vector<OfTenant<Record>>& into) {
  const RecordType& type = source.definition.types->Of(Record::descriptor());
  auto rows =
      Must(source.database->Read({"SELECT tenant, body FROM " + type.table(), {}}), type.table());
  into.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    Record record;
    if (!DecodeRecord(rows.GetBytes(i, 1), record).ok()) {
      throw std::runtime_error(type.table() + " has a row that cannot be read");
    }
    into.push_back({rows.GetUuid(i, 0), std::move(record)});
  }
}

void ReadRecords(Source& source, std::vector<TableRow>& into) {
  into.clear();
  for (const auto& type : source.definition.types->all()) {
    if (type->projection()) continue;
    auto rows =
        Must(source.database->Read({"SELECT tenant, id, version, body FROM " + type->table(), {}}),
             type->table());
    for (size_t i = 0; i < rows.size(); ++i) {
      into.push_back({rows.GetUuid(i, 0), type->Name(rows.GetUuid(i, 1)), rows.GetInt(i, 2),
                      rows.GetString(i, 3)});
    }
  }
}

void ReadLog(Source& source, std::vector<LogRow>& into) {
  PgStore store(*source.database, *source.database);
  while (true) {
    LogQuery query;
    query.after_seq = into.empty() ? 0 : into.back().seq();
    query.limit = kPage;
    auto rows = Must(store.ReadLog(query, {}), "log");
    into.insert(into.end(), rows.begin(), rows.end());
    if (rows.size() < kPage) return;
  }
}

void ReadTopic(Source& source, const kafka::ClientOptions& client, std::vector<TopicRecord>& into) {
  kafka::TopicReaderOptions options;
  options.client = client;
  options.topic = source.topic;
  options.from = source.offsets;
  auto opened = kafka::TopicReader::Open(
      options, std::chrono::steady_clock::now() + std::chrono::seconds(20));
  // Its relay has not come so far yet: what the log has is missing then.
  if (opened.status().reason() == "KAFKA_UNKNOWN_TOPIC") return;
  auto reader = Must(std::move(opened), source.topic);
  while (!reader->done()) {
    for (const auto& message : Must(reader->Next(std::chrono::seconds(1)), source.topic)) {
      into.push_back({message.partition, message.offset, message.key,
                      Must(events::FromCloudEvent(message), source.topic)});
      source.offsets[message.partition] = message.offset + 1;
    }
  }
}

}  // namespace

struct Collector::Rep {
  explicit Rep(Installation& installation_in)
      : installation(installation_in),
        tokens(*entity::PageTokens::Create(std::string(32, 'c'))),
        sources(Open(installation, tokens)) {
    client.brokers = installation.servers().kafka().address();
    for (const auto& source : sources) {
      for (const auto& consumer : source.definition.consumers) {
        ConsumerShape shape{
            consumer.name, source.definition.name, consumer.generation, consumer.sources, {}};
        for (const auto& [wanted, function] : consumer.functions) shape.wants.insert(wanted);
        shape.facts = consumer.facts;
        evidence.consumers.push_back(std::move(shape));
      }
    }
  }

  Installation& installation;
  const entity::PageTokens tokens;
  std::vector<Source> sources;
  kafka::ClientOptions client;
  Evidence evidence;
};

Collector::Collector(Installation& installation) : rep_(std::make_unique<Rep>(installation)) {}
Collector::~Collector() = default;

const Evidence& Collector::Collect() {
  Evidence& evidence = rep_->evidence;
  evidence.operations = Must(ReadHistory(rep_->installation.history_file()), "history");
  evidence.ledger = ReadLedger(rep_->installation.ledger_file());
  evidence.taken = SystemClock().Now();
  for (auto& source : rep_->sources) {
    auto& service = evidence.services[source.definition.name];
    ReadLog(source, service.log);
    ReadRecords(source, service.records);
    ReadAll(source, service.inbox);
    ReadAll(source, service.letters);
    ReadAll(source, service.timers);
    ReadAll(source, service.effects);
    ReadTopic(source, rep_->client, service.topic);
  }
  return evidence;
}

void Collector::Write(const std::string& file) const {
  std::ofstream out(file);
  for (const auto& [name, service] : rep_->evidence.services) {
    for (const auto& row : service.log) {
      out << name << " log " << row.seq() << " " << TenantOf(row).ToString() << " " << row.subject()
          << "@" << row.version() << " " << row.type() << " " << row.event_id() << " by "
          << row.origin() << " of " << row.correlation() << " because of " << row.causation()
          << " at " << FormatTime(ToTime(row.recorded_time())) << "\n";
    }
    for (const auto& row : service.records) {
      out << name << " record " << row.tenant.ToString() << " " << row.subject << "@" << row.version
          << "\n";
    }
    for (const auto& record : service.topic) {
      out << name << " topic " << record.partition << ":" << record.offset << " " << record.key
          << "@" << record.row.version() << " seq " << record.row.seq() << "\n";
    }
    auto write = [&, &service_name = name](const char* what, const auto& records) {
      for (const auto& [tenant, record] : records) {
        out << service_name << " " << what << " " << tenant.ToString() << " "
            << record.ShortDebugString() << "\n";
      }
    };
    write("inbox", service.inbox);
    write("letter", service.letters);
    write("timer", service.timers);
    write("effect", service.effects);
  }
}

size_t Collector::progress() const {
  size_t sum = rep_->evidence.ledger.size();
  for (const auto& [name, service] : rep_->evidence.services) {
    sum += service.log.size() + service.topic.size();
    for (const auto& [tenant, entry] : service.inbox) {
      sum += static_cast<size_t>(entry.last_version());
    }
    for (const auto& [tenant, effect] : service.effects) {
      sum += static_cast<size_t>(effect.attempts());
    }
  }
  return sum;
}

}  // namespace crm::chaos
