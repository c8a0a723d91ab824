#include "libs/operations/operations.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <set>

#include "libs/command/record_codec.h"
#include "libs/command/timestamps.h"
#include "libs/operations/undo.h"
#include "libs/operations/verify.h"

namespace crm::operations {

using google::protobuf::Message;
using kernel::v1::LogRow;

namespace {

constexpr int kUndoPage = 200;
constexpr int kMaxUndoPage = 1000;
constexpr size_t kReadPage = 2000;
constexpr size_t kHistory = 100'000;
constexpr int kMaxDifferences = 100;
constexpr auto kReplayPatience = std::chrono::seconds(30);

const google::protobuf::ServiceDescriptor* Service() {
  return google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "crm.kernel.v1.OperationsService");
}

Result<int64_t> SeqOf(const std::string& token) {
  int64_t seq = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), seq);
  bool valid = token.empty() || (error == std::errc() && end == token.data() + token.size());
  if (!valid) return InvalidField("page_token", "is not one that this method gave");
  return seq;
}

Time RecordedOf(const LogRow& row) {
  return ToTime(row.recorded_time());
}

// Which rows an undo is about.
struct Group {
  LogQuery query;
  std::optional<Time> since;

  bool Has(const LogRow& row) const {
    if (!query.run.empty() && row.run() != query.run) return false;
    if (!query.correlation.empty() && row.correlation() != query.correlation) return false;
    if (!query.actor.empty() && row.actor() != query.actor) return false;
    return !since || RecordedOf(row) >= *since;
  }
};

Result<Group> GroupOf(const kernel::v1::UndoRequest& request, const Uuid& tenant) {
  int given = !request.run().empty() + !request.correlation().empty() + !request.actor().empty();
  if (given != 1) {
    return InvalidArgument("ONE_GROUP_NEEDED", "Give exactly one of run, correlation and actor.");
  }
  if (!request.actor().empty() && !request.has_since_time()) {
    return InvalidField("since_time",
                        "is needed with actor: all that a person ever did is rarely meant");
  }
  Group group;
  group.query.tenant = tenant;
  group.query.run = request.run();
  group.query.correlation = request.correlation();
  group.query.actor = request.actor();
  if (request.has_since_time()) {
    group.since = ToTime(request.since_time());
  }
  return group;
}

}  // namespace

OperationsServer::OperationsServer(std::string service, const RecordTypes& types,
                                   std::vector<events::EventApplier*> appliers)
    : service_(std::move(service)), types_(types), appliers_(std::move(appliers)) {}

std::vector<MethodBinding> OperationsServer::Methods() {
  return {
      Bind<kernel::v1::UndoRequest, kernel::v1::UndoResponse>(
          Service(), "Undo",
          [this](Call& call, const kernel::v1::UndoRequest& request) {
            return Undo(call, request);
          }),
      Bind<kernel::v1::ListDeadLettersRequest, kernel::v1::ListDeadLettersResponse>(
          Service(), "ListDeadLetters",
          [this](Call& call, const kernel::v1::ListDeadLettersRequest& request) {
            return ListDeadLetters(call, request);
          }),
      Bind<kernel::v1::ReplayDeadLettersRequest, kernel::v1::ReplayDeadLettersResponse>(
          Service(), "ReplayDeadLetters",
          [this](Call& call, const kernel::v1::ReplayDeadLettersRequest& request) {
            return ReplayDeadLetters(call, request);
          }),
      Bind<kernel::v1::VerifyRequest, kernel::v1::VerifyResponse>(
          Service(), "Verify",
          [this](Call& call, const kernel::v1::VerifyRequest& request) {
            return Verify(call, request);
          }),
  };
}

Status OperationsServer::CheckSource(const std::string& source) const {
  return source == service_ ? Status::Ok()
                            : InvalidField("source", "names no service here; one is " + service_);
}

Result<kernel::v1::UndoResponse> OperationsServer::Undo(Call& call,
                                                        const kernel::v1::UndoRequest& request) {
  if (auto status = CheckSource(request.source()); !status.ok()) return status;
  if (request.page_size() < 0) return InvalidField("page_size", "must not be negative");
  auto group = GroupOf(request, call.tenant());
  if (!group.ok()) return group.status();
  auto after = SeqOf(request.page_token());
  if (!after.ok()) return after.status();
  size_t size = static_cast<size_t>(
      request.page_size() == 0 ? kUndoPage : std::min(request.page_size(), kMaxUndoPage));
  // Only the records: whoever undoes an undo names the run that this makes.
  call.SetRun("undo/" + (request.run().empty() ? call.context().cause.correlation : request.run()));

  kernel::v1::UndoResponse response;
  group->query.after_seq = *after;
  group->query.limit = size;
  auto rows = call.store().ReadLog(group->query, call.stop());
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    if (!group->Has(row)) continue;
    LogQuery history_query;
    history_query.tenant = call.tenant();
    history_query.subject = row.subject();
    history_query.limit = kHistory;
    auto history = call.store().ReadLog(history_query, call.stop());
    if (!history.ok()) return history.status();
    // A record is dealt with where the group touched it first.
    auto first = std::find_if(history->begin(), history->end(),
                              [&](const LogRow& each) { return group->Has(each); });
    if (first->seq() != row.seq()) continue;
    const RecordType* type = types_.FindName(row.subject());
    if (type == nullptr) continue;
    auto current = call.LoadMessage(*type, row.subject(), true);
    if (!current.ok()) return current.status();
    auto decision = DecideUndo(
        *type, *history, [&](const LogRow& each) { return group->Has(each); }, **current,
        call.now());
    if (!decision.ok()) return decision.status();
    if (decision->after != nullptr) {
      auto stored = call.StoreWithFact(*decision->after, decision->fact);
      if (stored.code() == Code::kAlreadyExists) {
        // Somebody has the unique value now.
        decision->record.set_outcome(kernel::v1::UndoneRecord::CONFLICT);
        decision->record.add_conflicts(stored.metadata().at("field"));
      } else if (!stored.ok()) {
        return stored;
      }
    }
    *response.add_records() = std::move(decision->record);
  }
  if (rows->size() == size) response.set_next_page_token(std::to_string(rows->back().seq()));
  return response;
}

Result<kernel::v1::ListDeadLettersResponse> OperationsServer::ListDeadLetters(
    Call& call, const kernel::v1::ListDeadLettersRequest& request) {
  if (auto status = CheckSource(request.source()); !status.ok()) return status;
  if (request.page_size() < 0) return InvalidField("page_size", "must not be negative");
  ListQuery query;
  query.type = &types_.Of(kernel::v1::DeadLetter::descriptor());
  query.order = {{"create_time", false}};
  query.limit =
      request.page_size() == 0 ? 100 : static_cast<size_t>(std::min(request.page_size(), 1000));
  auto listed = call.List(query);
  if (!listed.ok()) return listed.status();
  kernel::v1::ListDeadLettersResponse response;
  for (const auto& item : *listed) {
    kernel::v1::DeadLetter letter;
    if (auto status = DecodeRecord(item.record.body, letter); !status.ok()) return status;
    auto* out = response.add_letters();
    out->set_consumer(letter.consumer());
    out->set_subject(letter.subject());
    out->set_event_version(letter.event_version());
    out->set_event_type(letter.event_type());
    out->set_code(letter.code());
    out->set_reason(letter.reason());
    out->set_message(letter.message());
    out->set_attempts(letter.attempts());
    *out->mutable_create_time() = letter.create_time();
  }
  return response;
}

Result<kernel::v1::ReplayDeadLettersResponse> OperationsServer::ReplayDeadLetters(
    Call& call, const kernel::v1::ReplayDeadLettersRequest& request) {
  if (auto status = CheckSource(request.source()); !status.ok()) return status;
  auto applier = std::find_if(appliers_.begin(), appliers_.end(), [&](const auto* each) {
    return each->consumer().name == request.consumer();
  });
  if (applier == appliers_.end()) return NotFound(request.consumer());
  auto answer = std::make_shared<std::promise<Result<int>>>();
  auto applied = answer->get_future();
  (*applier)->Replay(call.tenant(), request.subject(),
                     [answer](Result<int> done) { answer->set_value(std::move(done)); });
  if (applied.wait_for(kReplayPatience) != std::future_status::ready) {
    return Status(Code::kDeadlineExceeded, "REPLAY_GOES_ON",
                  "The replay is still under way; list the dead letters to see how far it is.");
  }
  auto count = applied.get();
  if (!count.ok()) return count.status();
  kernel::v1::ReplayDeadLettersResponse response;
  response.set_applied_count(*count);
  return response;
}

Result<kernel::v1::VerifyResponse> OperationsServer::Verify(
    Call& call, const kernel::v1::VerifyRequest& request) {
  if (auto status = CheckSource(request.source()); !status.ok()) return status;
  auto after = SeqOf(request.page_token());
  if (!after.ok()) return after.status();
  LogQuery query;
  query.tenant = call.tenant();
  query.after_seq = *after;
  query.limit = kReadPage;
  auto rows = call.store().ReadLog(query, call.stop());
  if (!rows.ok()) return rows.status();
  kernel::v1::VerifyResponse response;
  std::set<std::string> subjects;
  for (const auto& row : *rows) subjects.insert(row.subject());
  for (const auto& subject : subjects) {
    LogQuery history_query;
    history_query.tenant = call.tenant();
    history_query.subject = subject;
    history_query.limit = kHistory;
    auto history = call.store().ReadLog(history_query, call.stop());
    if (!history.ok()) return history.status();
    // Each record once: on the page that has its first event.
    if (history->front().seq() <= *after) continue;
    auto difference = CompareWithLog(call, types_, subject, *history);
    if (!difference.ok()) return difference.status();
    response.set_records_checked(response.records_checked() + 1);
    response.set_events_checked(response.events_checked() + static_cast<int64_t>(history->size()));
    if (difference->empty() || response.differences_size() >= kMaxDifferences) continue;
    response.add_differences(subject + ": " + *difference);
  }
  if (rows->size() == kReadPage) response.set_next_page_token(std::to_string(rows->back().seq()));
  return response;
}

}  // namespace crm::operations
