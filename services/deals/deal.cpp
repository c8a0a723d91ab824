#include "services/deals/deal.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "libs/command/timestamps.h"
#include "services/deals/pipeline.h"
#include "services/deals/stage_guards.h"

namespace crm::deals {

namespace {

constexpr std::array<std::string_view, 6> kLostReasons = {"price",   "timing",    "competitor",
                                                          "no_need", "no_answer", "other"};
constexpr size_t kMaxReasonText = 1000;

Status Refusal(const std::string& reason, const v1::Deal& deal, const std::string& message) {
  return FailedPrecondition(reason, message).Requires(reason, deal.name(), message);
}

Status CheckOpen(const v1::Deal& deal) {
  if (deal.state() == v1::Deal::OPEN) return Status::Ok();
  return Refusal("DEAL_CLOSED", deal,
                 deal.state() == v1::Deal::WON ? "The deal is won; reopen it first."
                                               : "The deal is lost; reopen it first.");
}

std::string StageNames(const v1::Pipeline& pipeline, bool only_winning) {
  std::string names;
  for (const auto& stage : pipeline.stages()) {
    if (only_winning && !stage.can_win()) continue;
    names += (names.empty() ? "" : ", ") + stage.id();
  }
  return names.empty() ? "none" : names;
}

// Whether the deal may go from one place in the pipeline to another. A stage that the pipeline lost
// counts as before the first.
Status CheckWay(const v1::Pipeline& pipeline, int from, int to, const v1::Deal& deal, Time now) {
  if (to < from) return Status::Ok();
  Status status;
  if (to > from + 1) {
    status = Refusal("STAGE_SKIPPED", deal,
                     "From here the deal can go to " + pipeline.stages(from + 1).id() +
                         "; no stage can be skipped.");
  }
  auto failing = FailingGuards(pipeline.stages(to), deal, now);
  if (failing.empty()) return status;
  if (status.ok()) {
    status = FailedPrecondition("STAGE_GUARD", "To enter " + pipeline.stages(to).id() + ": " +
                                                   failing.front().description + ".");
  }
  for (auto& guard : failing) status.Requires(guard.type, guard.subject, guard.description);
  return status;
}

void LeaveStage(Time occurred, v1::Deal& deal) {
  if (deal.stage_history().empty()) return;
  auto& visit = *deal.mutable_stage_history()->rbegin();
  if (!visit.has_leave_time()) *visit.mutable_leave_time() = ToTimestamp(occurred);
}

void EnterStage(const std::string& stage, Time occurred, v1::Deal& deal) {
  LeaveStage(occurred, deal);
  deal.set_stage(stage);
  auto& visit = *deal.add_stage_history();
  visit.set_stage(stage);
  *visit.mutable_enter_time() = ToTimestamp(occurred);
}

void Close(v1::Deal::State state, Time occurred, v1::Deal& deal) {
  LeaveStage(occurred, deal);
  deal.set_state(state);
  *deal.mutable_close_time() = ToTimestamp(occurred);
}

}  // namespace

void Begin(const v1::Pipeline& pipeline, std::optional<Time> occurred, v1::Deal& deal) {
  deal.set_pipeline(pipeline.name());
  deal.set_state(v1::Deal::OPEN);
  deal.clear_stage_history();
  EnterStage(pipeline.stages(0).id(), occurred.value_or(Time()), deal);
  if (!occurred) deal.mutable_stage_history(0)->clear_enter_time();
}

Result<v1::DealMoved> Move(const v1::Pipeline& pipeline, const MoveOrder& order, v1::Deal& deal) {
  if (auto status = CheckOpen(deal); !status.ok()) return status;
  int to = StageIndex(pipeline, order.stage);
  if (to < 0) {
    return InvalidField("stage",
                        "is no stage of the pipeline; there are " + StageNames(pipeline, false));
  }
  if (deal.stage() == order.stage) {
    return Refusal("STAGE_UNCHANGED", deal, "The deal is in this stage already.");
  }
  auto way = CheckWay(pipeline, StageIndex(pipeline, deal.stage()), to, deal, order.occurred);
  if (!way.ok() && order.override_reason.empty()) return way;
  v1::DealMoved fact;
  fact.set_from_stage(deal.stage());
  fact.set_to_stage(order.stage);
  if (!way.ok()) {
    std::string overridden;
    for (const auto& obstacle : way.precondition_violations()) {
      overridden += (overridden.empty() ? "" : " ") + obstacle.type + ": " + obstacle.description;
    }
    fact.set_overridden(overridden);
    fact.set_override_reason(order.override_reason);
  }
  EnterStage(order.stage, order.occurred, deal);
  return fact;
}

Result<v1::DealWon> Win(const v1::Pipeline& pipeline, Time occurred, v1::Deal& deal) {
  if (auto status = CheckOpen(deal); !status.ok()) return status;
  int at = StageIndex(pipeline, deal.stage());
  if (at < 0 || !pipeline.stages(at).can_win()) {
    return Refusal("STAGE_SKIPPED", deal,
                   "A deal can be won only from these stages: " + StageNames(pipeline, true) + ".");
  }
  Close(v1::Deal::WON, occurred, deal);
  v1::DealWon fact;
  fact.set_stage(deal.stage());
  return fact;
}

Result<v1::DealLost> Lose(const LoseOrder& order, v1::Deal& deal) {
  if (auto status = CheckOpen(deal); !status.ok()) return status;
  if (std::find(kLostReasons.begin(), kLostReasons.end(), order.reason) == kLostReasons.end()) {
    return InvalidField("reason", "must be price, timing, competitor, no_need, no_answer or other");
  }
  if (order.reason == "other" && order.reason_text.empty()) {
    return InvalidField("reason_text", "is required for the reason other");
  }
  if (order.reason_text.size() > kMaxReasonText) {
    return InvalidField("reason_text", "must have at most 1000 bytes");
  }
  Close(v1::Deal::LOST, order.occurred, deal);
  deal.set_lost_reason(order.reason);
  deal.set_lost_reason_text(order.reason_text);
  v1::DealLost fact;
  fact.set_stage(deal.stage());
  fact.set_reason(order.reason);
  fact.set_reason_text(order.reason_text);
  return fact;
}

Result<v1::DealReopened> Reopen(Time occurred, v1::Deal& deal) {
  if (deal.state() == v1::Deal::OPEN) return Refusal("DEAL_OPEN", deal, "The deal is open.");
  deal.set_state(v1::Deal::OPEN);
  deal.clear_close_time();
  deal.clear_lost_reason();
  deal.clear_lost_reason_text();
  EnterStage(std::string(deal.stage()), occurred, deal);
  return v1::DealReopened();
}

Status Complete(v1::Deal& deal) {
  if (deal.contact().empty() && deal.company().empty()) {
    return InvalidField("deal.contact", "a deal needs a contact or a company");
  }
  if (deal.pipeline().empty()) return InvalidField("deal.pipeline", "a deal needs a pipeline");
  deal.set_amount_minor(deal.amount().amount_minor());
  deal.set_currency_code(deal.amount().currency_code());
  return Status::Ok();
}

}  // namespace crm::deals
