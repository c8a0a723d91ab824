#include "services/analytics/rebuild.h"

#include <google/protobuf/util/time_util.h>

#include <map>

#include "crm/deals/v1/deal_events.pb.h"
#include "crm/events/v1/event_service.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "services/analytics/comparison.h"
#include "services/analytics/projection.h"

namespace crm::analytics {

using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;
using v1::Rebuild;

namespace {

constexpr char kTimer[] = "analytics.rebuild";
constexpr size_t kErasedAtOnce = 500;
// Steps of one rebuild are calls of their own, so their timers need times of their own.
constexpr auto kPause = std::chrono::milliseconds(1);

Timestamp ToProto(Time time) {
  return TimeUtil::MicrosecondsToTimestamp(time.time_since_epoch().count());
}

std::string NameOf(const RecordTypes& types, int64_t generation) {
  return types.Of(Rebuild::descriptor()).Name(NamedUuid("rebuild", std::to_string(generation)));
}

Status Continue(Call& call, const Rebuild& rebuild) {
  if (auto status = call.Project(rebuild); !status.ok()) return status;
  if (rebuild.state() == Rebuild::DONE) return Status::Ok();
  return call.SetTimer(kTimer, rebuild.name(), call.now() + kPause, rebuild);
}

Status ApplyEvent(Call& call, const events::v1::Event& event, int64_t generation) {
  Moment moment{generation, event.version(),
                Time(Duration(TimeUtil::TimestampToMicroseconds(event.recorded_time())))};
  if (event.data().Is<deals::v1::DealEvent>()) {
    deals::v1::DealEvent body;
    if (!event.data().UnpackTo(&body)) return Internal("not a DealEvent: " + event.id());
    return Project(call, body.deal(), moment);
  }
  if (event.data().Is<leads::v1::LeadEvent>()) {
    leads::v1::LeadEvent body;
    if (!event.data().UnpackTo(&body)) return Internal("not a LeadEvent: " + event.id());
    return Project(call, body.lead(), moment);
  }
  return Status::Ok();
}

Status ReadPage(Call& call, Rebuild& rebuild, Rebuild::Progress& progress) {
  events::v1::SearchEventsRequest request;
  request.set_source(progress.source());
  request.set_cursor(progress.cursor());
  events::v1::SearchEventsResponse page;
  auto status = call.Ask("crm.events.v1.EventService/SearchEvents", request, page);
  if (!status.ok()) return status;
  // Facts are made of the last snapshot alone, so of one page only the last event of a record
  // matters.
  std::map<std::string, const events::v1::Event*> last;
  for (const auto& event : page.events()) last[event.subject()] = &event;
  for (const auto& [subject, event] : last) {
    status = ApplyEvent(call, *event, rebuild.generation());
    if (!status.ok()) return status;
  }
  progress.set_events_read(progress.events_read() + page.events_size());
  progress.set_cursor(page.next_cursor());
  progress.set_complete(page.next_cursor().empty());
  return Status::Ok();
}

Status Switch(Call& call, Rebuild& rebuild) {
  auto generations = LoadGenerations(call);
  if (!generations.ok()) return generations.status();
  auto difference = Compare(call, rebuild.replaced_generation(), rebuild.generation());
  if (!difference.ok()) return difference.status();
  rebuild.set_different_count(difference->different);
  rebuild.set_behind_count(difference->behind);
  rebuild.set_state(Rebuild::CLEANING);
  *rebuild.mutable_switch_time() = ToProto(call.now());
  generations->set_active(rebuild.generation());
  generations->set_building(0);
  return call.Project(*generations);
}

Status Read(Call& call, Rebuild& rebuild) {
  for (auto& progress : *rebuild.mutable_sources()) {
    if (!progress.complete()) return ReadPage(call, rebuild, progress);
  }
  return Switch(call, rebuild);
}

Status Clean(Call& call, Rebuild& rebuild) {
  for (const auto* message :
       {v1::StageEntryFact::descriptor(), v1::DealFact::descriptor(), v1::LeadFact::descriptor()}) {
    const RecordType& type = *call.types().Find(message);
    auto old = filter::FieldEquals(type.filter_schema(), "generation",
                                   std::to_string(rebuild.replaced_generation()));
    if (!old.ok()) return old.status();
    ListQuery query;
    query.type = &type;
    query.filter = &*old;
    query.limit = kErasedAtOnce;
    auto rows = call.List(query);
    if (!rows.ok()) return rows.status();
    for (const auto& row : *rows) {
      if (auto status = call.Erase(type, type.Name(row.record.id)); !status.ok()) return status;
    }
    if (!rows->empty()) return Status::Ok();
  }
  rebuild.set_state(Rebuild::DONE);
  *rebuild.mutable_end_time() = ToProto(call.now());
  return Status::Ok();
}

Status Step(Call& call, const FiredTimer& fired) {
  auto rebuild = call.Load<Rebuild>(fired.timer.subject());
  if (!rebuild.ok()) return rebuild.status();
  auto status = rebuild->state() == Rebuild::READING ? Read(call, *rebuild) : Clean(call, *rebuild);
  return status.ok() ? Continue(call, *rebuild) : status;
}

}  // namespace

std::vector<std::string> RebuildSources() {
  return {"deals", "leads"};
}

Result<Rebuild> RebuildAnalytics(Call& call, const v1::RebuildAnalyticsRequest&) {
  auto generations = LoadGenerations(call);
  if (!generations.ok()) return generations.status();
  if (generations->building() != 0) {
    return FailedPrecondition("REBUILD_RUNNING", "A rebuild is at work; wait until it is done.")
        .With("rebuild", NameOf(call.types(), generations->building()));
  }
  Rebuild rebuild;
  rebuild.set_state(Rebuild::READING);
  rebuild.set_generation(generations->active() + 1);
  rebuild.set_replaced_generation(generations->active());
  rebuild.set_name(NameOf(call.types(), rebuild.generation()));
  for (const auto& source : RebuildSources()) rebuild.add_sources()->set_source(source);
  *rebuild.mutable_start_time() = ToProto(call.now());
  generations->set_building(rebuild.generation());
  if (auto status = call.Project(*generations); !status.ok()) return status;
  if (auto status = Continue(call, rebuild); !status.ok()) return status;
  return rebuild;
}

Result<Rebuild> GetRebuild(Call& call, const v1::GetRebuildRequest& request) {
  return call.Load<Rebuild>(request.name());
}

TimerHandler RebuildStep() {
  return {kTimer, Step};
}

}  // namespace crm::analytics
