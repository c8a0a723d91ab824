#include "libs/events/event_service.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "libs/command/access.h"
#include "libs/command/record_codec.h"
#include "libs/events/consumer.h"

namespace crm::events {

using kernel::v1::LogRow;

namespace {

constexpr size_t kPage = 500;
constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
// How long a stream waits before it looks for what other replicas committed.
constexpr auto kPoll = std::chrono::seconds(1);

const google::protobuf::ServiceDescriptor* Service() {
  return google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "crm.events.v1.EventService");
}

Uuid IdOf(const LogRow& row) {
  return Uuid::Parse(std::string_view(row.subject()).substr(row.subject().find('/') + 1))
      .value_or(Uuid{});
}

bool TypeMatches(const v1::StreamEventsRequest& request, const LogRow& row) {
  if (request.types().empty()) return true;
  std::string_view last = std::string_view(row.type()).substr(row.type().rfind('.') + 1);
  return std::any_of(request.types().begin(), request.types().end(),
                     [&](const std::string& type) { return type == row.type() || type == last; });
}

// The record as the event left it.
const google::protobuf::Message& Snapshot(const RecordType& type,
                                          const google::protobuf::Message& event) {
  return event.GetReflection()->GetMessage(event, type.snapshot_field());
}

}  // namespace

EventServer::EventServer(std::string service, const RecordTypes& types, Store& store,
                         const Clock& clock)
    : service_(std::move(service)), types_(types), store_(store), clock_(clock) {}

std::vector<MethodBinding> EventServer::Methods() {
  return {
      BindStream(
          Service(), "StreamEvents",
          [this](Call& call, const google::protobuf::Message& request, const StreamWriter& write) {
            return Stream(call, static_cast<const v1::StreamEventsRequest&>(request), write);
          }),
      Bind<v1::ListEventsRequest, v1::ListEventsResponse>(
          Service(), "ListEvents",
          [this](Call& call, const v1::ListEventsRequest& request) { return List(call, request); }),
      Bind<v1::SearchEventsRequest, v1::SearchEventsResponse>(
          Service(), "SearchEvents",
          [this](Call& call, const v1::SearchEventsRequest& request) {
            return Search(call, request);
          }),
  };
}

void EventServer::Committed(const std::vector<LogRow>& rows) {
  {
    std::lock_guard lock(mutex_);
    last_seq_ = std::max(last_seq_, rows.back().seq());
  }
  wake_.notify_all();
}

void EventServer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
}

bool EventServer::WaitForMore(int64_t after_seq, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, kPoll, [&] { return stopped_ || last_seq_ > after_seq; });
  return !stopped_ && !stop.stop_requested();
}

std::string EventServer::CursorAt(int64_t seq) const {
  return service_ + "." + std::to_string(seq);
}

Result<int64_t> EventServer::ParseCursor(const std::string& cursor) const {
  if (cursor.empty()) return int64_t{0};
  int64_t seq = -1;
  std::string prefix = service_ + ".";
  if (cursor.starts_with(prefix)) {
    const char* end = cursor.data() + cursor.size();
    auto parsed = std::from_chars(cursor.data() + prefix.size(), end, seq);
    if (parsed.ec != std::errc() || parsed.ptr != end) seq = -1;
  }
  if (seq < 0) {
    return InvalidArgument("CURSOR_INVALID",
                           "The cursor is not one of " + service_ +
                               "; start without one, or with one that this stream gave.");
  }
  return seq;
}

Status EventServer::CheckSource(const std::string& source) const {
  if (source == service_) return Status::Ok();
  return InvalidField("source", "names no service here; one is " + service_);
}

v1::Event EventServer::ToEvent(const LogRow& row) const {
  v1::Event event;
  event.set_id(row.event_id());
  event.set_type(row.type());
  event.set_source(service_);
  event.set_subject(row.subject());
  event.set_version(row.version());
  event.set_actor(row.actor());
  event.set_correlation(row.correlation());
  event.set_causation(row.causation());
  event.set_run(row.run());
  *event.mutable_occurred_time() = row.occurred_time();
  *event.mutable_recorded_time() = row.recorded_time();
  event.mutable_data()->set_type_url("type.googleapis.com/" + row.payload_type());
  event.mutable_data()->set_value(row.body());
  event.set_cursor(CursorAt(row.seq()));
  event.set_origin(row.origin());
  return event;
}

Result<std::vector<LogRow>> EventServer::Visible(Call& call, std::vector<LogRow> rows) {
  // Today's records of the rows, by type in one read each.
  std::map<const RecordType*, std::vector<Uuid>> ids;
  for (const auto& row : rows) {
    const RecordType* type = types_.FindName(row.subject());
    if (type == nullptr || !call.principal().Allows(type->object(), "get")) continue;
    ids[type].push_back(IdOf(row));
  }
  std::map<std::pair<const RecordType*, Uuid>, bool> seen_today;
  for (auto& [type, wanted] : ids) {
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    auto records = store_.GetMany(*type, call.tenant(), wanted, call.stop());
    if (!records.ok()) return records.status();
    auto message = type->NewMessage();
    for (const auto& record : *records) {
      if (auto status = DecodeRecord(record.body, *message); !status.ok()) return status;
      seen_today[{type, record.id}] =
          MaySee(*type, call.principal(), "get", *message, clock_.Now());
    }
  }
  std::vector<LogRow> visible;
  for (auto& row : rows) {
    const RecordType* type = types_.FindName(row.subject());
    auto today = seen_today.find({type, IdOf(row)});
    if (today == seen_today.end() || !today->second) continue;
    auto event = DecodeBody(row);
    if (!event.ok()) return event.status();
    if (!MaySee(*type, call.principal(), "get", Snapshot(*type, **event), clock_.Now())) continue;
    visible.push_back(std::move(row));
  }
  return visible;
}

Status EventServer::Stream(Call& call, const v1::StreamEventsRequest& request,
                           const StreamWriter& write) {
  if (auto status = CheckSource(request.source()); !status.ok()) return status;
  auto after = ParseCursor(request.cursor());
  if (!after.ok()) return after.status();
  int64_t seq = *after;
  while (true) {
    // Before the read, so that what is committed during it is not waited for.
    int64_t known;
    {
      std::lock_guard lock(mutex_);
      known = last_seq_;
    }
    LogQuery query;
    query.tenant = call.tenant();
    query.after_seq = seq;
    query.subject = request.subject();
    query.limit = kPage;
    auto rows = store_.ReadLog(query, call.stop());
    if (!rows.ok()) return rows.status();
    bool full = rows->size() == kPage;
    if (!rows->empty()) seq = rows->back().seq();
    std::erase_if(*rows, [&](const LogRow& row) { return !TypeMatches(request, row); });
    auto visible = Visible(call, std::move(*rows));
    if (!visible.ok()) return visible.status();
    for (const auto& row : *visible) {
      if (!write(ToEvent(row))) return Status::Ok();
    }
    if (full) continue;
    if (request.until_now()) return Status::Ok();
    if (!WaitForMore(std::max(seq, known), call.stop())) return Status::Ok();
  }
}

Result<v1::ListEventsResponse> EventServer::List(Call& call, const v1::ListEventsRequest& request) {
  if (request.page_size() < 0) return InvalidField("page_size", "must not be negative");
  auto after = ParseCursor(request.page_token());
  if (!after.ok()) return after.status();
  const RecordType* type = types_.FindName(request.subject());
  if (type == nullptr || type->projection()) return NotFound(request.subject());
  if (!call.principal().Allows(type->object(), "get"))
    return PermissionDenied(type->object(), "get");
  if (auto id = type->ParseName(request.subject()); !id.ok()) return id.status();
  int size =
      request.page_size() == 0 ? kDefaultPageSize : std::min(request.page_size(), kMaxPageSize);
  LogQuery query;
  query.tenant = call.tenant();
  query.subject = request.subject();
  query.after_seq = *after;
  query.limit = static_cast<size_t>(size);
  auto rows = store_.ReadLog(query, call.stop());
  if (!rows.ok()) return rows.status();
  bool full = rows->size() == query.limit;
  int64_t last = rows->empty() ? 0 : rows->back().seq();
  auto visible = Visible(call, std::move(*rows));
  if (!visible.ok()) return visible.status();
  if (visible->empty() && *after == 0 && !full) return NotFound(request.subject());
  v1::ListEventsResponse response;
  for (const auto& row : *visible) *response.add_events() = ToEvent(row);
  if (full) response.set_next_page_token(CursorAt(last));
  return response;
}

Result<v1::SearchEventsResponse> EventServer::Search(Call& call,
                                                     const v1::SearchEventsRequest& request) {
  if (auto status = CheckSource(request.source()); !status.ok()) return status;
  int given = !request.id().empty() + !request.correlation().empty() +
              !request.causation().empty() + !request.run().empty();
  if (given > 1) {
    return InvalidArgument("ONE_CONDITION_NEEDED",
                           "Give at most one of id, correlation, causation and run.");
  }
  auto after = ParseCursor(request.cursor());
  if (!after.ok()) return after.status();
  LogQuery query;
  query.tenant = call.tenant();
  query.after_seq = *after;
  query.event_id = request.id();
  query.correlation = request.correlation();
  query.causation = request.causation();
  query.run = request.run();
  query.limit = kPage;
  auto rows = store_.ReadLog(query, call.stop());
  if (!rows.ok()) return rows.status();
  v1::SearchEventsResponse response;
  if (rows->size() == kPage) response.set_next_cursor(CursorAt(rows->back().seq()));
  auto visible = Visible(call, std::move(*rows));
  if (!visible.ok()) return visible.status();
  for (const auto& row : *visible) *response.add_events() = ToEvent(row);
  return response;
}

}  // namespace crm::events
