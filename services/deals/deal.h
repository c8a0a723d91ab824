// The life of a deal as pure functions: from a deal, its pipeline and an order to the deal
// afterwards and the fact that explains it, or to the reason why not. Where they refuse, the deal
// is as it was. No IO, no clock.
//
//   open, in a stage -> the next stage, if its guards hold, or any earlier one        Move
//   open, in a stage that says so -> won                                              Win
//   open -> lost, with a reason of the list                                           Lose
//   won, lost -> open, in the stage where it ended                                    Reopen
//
// Refusals are FAILED_PRECONDITION: DEAL_CLOSED, DEAL_OPEN, STAGE_UNCHANGED, STAGE_SKIPPED,
// STAGE_GUARD, each with a precondition violation for everything that stands in the way;
// INVALID_ARGUMENT where the order itself makes no sense.
#pragma once

#include <optional>
#include <string>

#include "crm/deals/v1/deal_events.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace crm::deals {

struct MoveOrder {
  std::string stage;
  Time occurred{};
  // Not empty: STAGE_SKIPPED and STAGE_GUARD do not stop it; whether the caller has the right is
  // asked before.
  std::string override_reason{};
};

struct LoseOrder {
  std::string reason;
  std::string reason_text;
  Time occurred{};
};

// A new deal: open, in the first stage; nullopt: nobody knows since when.
void Begin(const v1::Pipeline& pipeline, std::optional<Time> occurred, v1::Deal& deal);

Result<v1::DealMoved> Move(const v1::Pipeline& pipeline, const MoveOrder& order, v1::Deal& deal);
Result<v1::DealWon> Win(const v1::Pipeline& pipeline, Time occurred, v1::Deal& deal);
Result<v1::DealLost> Lose(const LoseOrder& order, v1::Deal& deal);
Result<v1::DealReopened> Reopen(Time occurred, v1::Deal& deal);

// INVALID_FIELD where the deal has neither contact nor company (D01), or no pipeline. Brings the
// copies of the amount up to date.
Status Complete(v1::Deal& deal);

}  // namespace crm::deals
