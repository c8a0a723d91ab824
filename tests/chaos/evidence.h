// All that the checker looks at, as plain values: what the driver saw, and what the system is left
// with in every place that keeps something.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "crm/kernel/v1/log.pb.h"
#include "crm/kernel/v1/records.pb.h"
#include "libs/base/uuid.h"
#include "tests/chaos/history.h"

namespace crm::chaos {

using kernel::v1::LogRow;

// A record of a table that has events.
struct TableRow {
  Uuid tenant;
  std::string subject;
  int64_t version = 0;
  std::string body;
};

struct TopicRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  std::string key;
  LogRow row;
};

template <class Record>
struct OfTenant {
  Uuid tenant;
  Record record;
};

struct ServiceEvidence {
  std::vector<LogRow> log;         // by seq
  std::vector<TableRow> records;   // in any order
  std::vector<TopicRecord> topic;  // each partition in its order
  std::vector<OfTenant<kernel::v1::InboxEntry>> inbox;
  std::vector<OfTenant<kernel::v1::DeadLetter>> letters;
  std::vector<OfTenant<kernel::v1::Timer>> timers;
  std::vector<OfTenant<kernel::v1::Effect>> effects;
};

// A consumer as its service defines it.
struct ConsumerShape {
  std::string name;
  std::string service;
  int64_t generation = 1;
  std::vector<std::string> sources;
  // Full names of the event messages that it has functions for; "*": all.
  std::set<std::string> wants;
  // Full names of the facts that it acts on; empty: all.
  std::set<std::string> facts = {};

  bool Wants(const LogRow& row) const {
    bool type = wants.contains(row.payload_type()) || wants.contains("*");
    return type && (facts.empty() || facts.contains(row.type()));
  }
};

struct Evidence {
  std::vector<Operation> operations;
  std::map<std::string, ServiceEvidence> services;
  std::vector<ConsumerShape> consumers;
  // The outside world's own ledger, a line for each effect that happened.
  std::vector<std::string> ledger;
  // When it was taken; what was due well before must be done.
  Time taken{};
  // Processes that died without being killed, and what else the bench saw with its own eyes.
  std::vector<std::string> incidents;
};

}  // namespace crm::chaos
