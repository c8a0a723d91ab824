// Checks of the log against itself, the tables and the topic.
#include <google/protobuf/util/message_differencer.h>

#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/events/consumer.h"
#include "tests/chaos/checker.h"
#include "tests/chaos/checker_index.h"

namespace crm::chaos {

using google::protobuf::Message;

namespace {

// Whether the record is the snapshot in its last event. As parsed messages: bytes may differ.
std::string Compare(const LogRow& last, const TableRow& record) {
  if (record.version != last.version()) {
    return "has version " + std::to_string(record.version) + " in its table and " +
           std::to_string(last.version()) + " in the log";
  }
  auto event = events::DecodeBody(last);
  if (!event.ok()) return "has an event that cannot be read";
  // Field 1 of every event message is the record after it.
  const Message& snapshot = (*event)->GetReflection()->GetMessage(
      **event, (*event)->GetDescriptor()->FindFieldByNumber(1));
  std::unique_ptr<Message> stored(snapshot.New());
  if (!DecodeRecord(record.body, *stored).ok()) return "cannot be read from its table";
  bool same = google::protobuf::util::MessageDifferencer::Equals(snapshot, *stored);
  return same ? "" : "differs from its last event";
}

void CheckServiceTables(const std::string& name, const ServiceEvidence& service,
                        std::vector<std::string>& faults) {
  std::map<std::string, const LogRow*> last;
  for (const auto& row : service.log) last[SubjectKey(row)] = &row;
  for (const auto& record : service.records) {
    auto found = last.find(SubjectKey(record.tenant, record.subject));
    if (found == last.end()) {
      faults.push_back(name + ": " + record.subject + " is in its table and not in the log");
      continue;
    }
    auto difference = Compare(*found->second, record);
    if (!difference.empty()) faults.push_back(name + ": " + record.subject + " " + difference);
    last.erase(found);
  }
  for (const auto& [key, row] : last) {
    faults.push_back(name + ": " + row->subject() + " is in the log and not in its table");
  }
}

// What one topic says of the log that it was copied from.
class TopicCheck {
 public:
  TopicCheck(std::string name, const ServiceEvidence& service)
      : name_(std::move(name)), service_(service), histories_(Histories(service)) {}

  std::vector<std::string> Run() {
    for (const auto& record : service_.topic) Take(record);
    for (const auto& [key, rows] : histories_) {
      // Repeats dropped, what was seen is all up to this version.
      if (seen_[key] >= rows.back()->version()) continue;
      Fault(NameOf(*rows.back()) + " is in the log and not in the topic");
    }
    return std::move(faults_);
  }

 private:
  void Fault(const std::string& text) { faults_.push_back(name_ + ": " + text); }

  const LogRow* FindLogged(const std::string& key, int64_t version) const {
    auto history = histories_.find(key);
    if (history == histories_.end()) return nullptr;
    for (const LogRow* row : history->second) {
      if (row->version() == version) return row;
    }
    return nullptr;
  }

  void Take(const TopicRecord& record) {
    auto key = SubjectKey(record.row);
    if (record.key != key) Fault(NameOf(record.row) + " has the key " + record.key);
    const LogRow* logged = FindLogged(key, record.row.version());
    if (logged == nullptr) {
      return Fault(NameOf(record.row) + " is in the topic and not in the log");
    }
    const LogRow& row = *logged;
    if (row.event_id() != record.row.event_id() || row.body() != record.row.body() ||
        row.seq() != record.row.seq()) {
      Fault(NameOf(record.row) + " is another event in the topic than in the log");
    }
    int64_t& last = seen_[key];
    if (record.row.version() <= last) return;  // a repeat
    if (record.row.version() > last + 1) {
      Fault(NameOf(record.row) + " is in the topic before its version " + std::to_string(last + 1));
    }
    last = record.row.version();
  }

  const std::string name_;
  const ServiceEvidence& service_;
  const std::map<std::string, std::vector<const LogRow*>> histories_;
  std::map<std::string, int64_t> seen_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> CheckLog(const Evidence& evidence) {
  std::vector<std::string> faults;
  for (const auto& [name, service] : evidence.services) {
    int64_t seq = 0;
    Time recorded = Time::min();
    for (const auto& row : service.log) {
      if (row.seq() != seq + 1) {
        faults.push_back(name + ": " + std::to_string(row.seq()) + " follows " +
                         std::to_string(seq) + " in the log");
      }
      Time at = ToTime(row.recorded_time());
      if (at <= recorded) {
        faults.push_back(name + ": " + NameOf(row) + " is recorded no later than the row before");
      }
      seq = row.seq();
      recorded = at;
    }
  }
  return faults;
}

std::vector<std::string> CheckVersions(const Evidence& evidence) {
  std::vector<std::string> faults;
  for (const auto& [name, service] : evidence.services) {
    std::map<std::string, int64_t> last;
    for (const auto& row : service.log) {
      int64_t& version = last[SubjectKey(row)];
      if (row.version() != version + 1) {
        faults.push_back(name + ": " + NameOf(row) + " follows version " + std::to_string(version));
      }
      version = row.version();
    }
  }
  return faults;
}

std::vector<std::string> CheckTables(const Evidence& evidence) {
  std::vector<std::string> faults;
  for (const auto& [name, service] : evidence.services) CheckServiceTables(name, service, faults);
  return faults;
}

std::vector<std::string> CheckTopic(const Evidence& evidence) {
  std::vector<std::string> faults;
  for (const auto& [name, service] : evidence.services) {
    auto found = TopicCheck(name, service).Run();
    faults.insert(faults.end(), found.begin(), found.end());
  }
  return faults;
}

}  // namespace crm::chaos
