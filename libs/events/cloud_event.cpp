#include "libs/events/cloud_event.h"

#include <google/protobuf/descriptor.h>

#include <charconv>
#include <cstdio>

#include "libs/command/timestamps.h"
#include "libs/events/consumer.h"

namespace crm::events {

using kernel::v1::LogRow;

namespace {

// Sorts as text in the order of numbers, as CloudEvents' sequence extension asks.
std::string Sequence(int64_t version) {
  char text[24];
  std::snprintf(text, sizeof text, "%020lld", static_cast<long long>(version));
  return text;
}

Status Malformed(const std::string& what) {
  return InvalidArgument("EVENT_MALFORMED",
                         "A message of the event stream has no valid " + what + ".");
}

std::string HeaderOf(const kafka::ReceivedMessage& message, const char* name) {
  const std::string* value = message.Header(name);
  return value == nullptr ? std::string() : *value;
}

bool ReadNumber(const std::string& text, int64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

}  // namespace

kafka::Message ToCloudEvent(const LogRow& row, const std::string& service,
                            const std::string& topic) {
  kafka::Message message;
  std::string tenant = TenantOf(row).ToString();
  message.topic = topic;
  message.key = tenant + "/" + row.subject();
  message.value = row.body();
  message.timestamp = ToTime(row.recorded_time());
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) message.headers.emplace_back(name, value);
  };
  add("ce_specversion", "1.0");
  add("ce_id", row.event_id());
  add("ce_source", "crm/" + service);
  add("ce_subject", row.subject());
  add("ce_type", row.type());
  add("ce_time", FormatTime(ToTime(row.occurred_time())));
  add("ce_datacontenttype", "application/protobuf");
  add("content-type", "application/protobuf");
  add("ce_dataschema", row.payload_type());
  add("ce_partitionkey", message.key);
  add("ce_sequence", Sequence(row.version()));
  add("ce_tenant", tenant);
  add("ce_version", std::to_string(row.version()));
  add("ce_logseq", std::to_string(row.seq()));
  add("ce_correlation", row.correlation());
  add("ce_causation", row.causation());
  add("ce_actor", row.actor());
  add("ce_run", row.run());
  add("ce_origin", row.origin());
  add("ce_recordedtime", FormatTime(ToTime(row.recorded_time())));
  add("traceparent", row.traceparent());
  return message;
}

Result<LogRow> FromCloudEvent(const kafka::ReceivedMessage& message) {
  if (HeaderOf(message, "ce_specversion") != "1.0") return Malformed("ce_specversion");
  LogRow row;
  auto tenant = Uuid::Parse(HeaderOf(message, "ce_tenant"));
  if (!tenant) return Malformed("ce_tenant");
  row.set_tenant(tenant->bytes.data(), tenant->bytes.size());
  int64_t number = 0;
  if (!ReadNumber(HeaderOf(message, "ce_version"), number) || number < 1)
    return Malformed("ce_version");
  row.set_version(number);
  if (!ReadNumber(HeaderOf(message, "ce_logseq"), number) || number < 1)
    return Malformed("ce_logseq");
  row.set_seq(number);
  row.set_event_id(HeaderOf(message, "ce_id"));
  row.set_subject(HeaderOf(message, "ce_subject"));
  row.set_type(HeaderOf(message, "ce_type"));
  row.set_payload_type(HeaderOf(message, "ce_dataschema"));
  if (row.event_id().empty()) return Malformed("ce_id");
  if (row.subject().empty()) return Malformed("ce_subject");
  if (row.type().empty()) return Malformed("ce_type");
  if (row.payload_type().empty()) return Malformed("ce_dataschema");
  auto occurred = ParseTime(HeaderOf(message, "ce_time"));
  auto recorded = ParseTime(HeaderOf(message, "ce_recordedtime"));
  if (!occurred) return Malformed("ce_time");
  if (!recorded) return Malformed("ce_recordedtime");
  *row.mutable_occurred_time() = ToTimestamp(*occurred);
  *row.mutable_recorded_time() = ToTimestamp(*recorded);
  row.set_correlation(HeaderOf(message, "ce_correlation"));
  row.set_causation(HeaderOf(message, "ce_causation"));
  row.set_actor(HeaderOf(message, "ce_actor"));
  row.set_run(HeaderOf(message, "ce_run"));
  row.set_origin(HeaderOf(message, "ce_origin"));
  row.set_traceparent(HeaderOf(message, "traceparent"));
  row.set_body(message.value);
  return row;
}

}  // namespace crm::events
