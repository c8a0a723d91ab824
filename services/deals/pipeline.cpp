#include "services/deals/pipeline.h"

#include <algorithm>
#include <vector>

#include "libs/entity/validate.h"
#include "libs/filter/checked_filter.h"
#include "services/deals/stage_guards.h"

namespace crm::deals {

namespace {

bool IsSnakeCase(const std::string& id) {
  auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !id.empty() && lower(id[0]) && std::all_of(id.begin(), id.end(), [&](char c) {
    return lower(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

void CheckGuards(const v1::Stage& stage, const std::string& path,
                 std::vector<FieldViolation>& violations) {
  for (int i = 0; i < stage.required_fields_size(); ++i) {
    auto condition = RequiredCondition(stage.required_fields(i));
    if (condition.ok()) continue;
    violations.push_back({path + ".required_fields[" + std::to_string(i) + "]",
                          "is no field of a deal: " + stage.required_fields(i)});
  }
  for (int i = 0; i < stage.checks_size(); ++i) {
    auto checked = filter::ParseAndCheck(stage.checks(i).condition(), DealSchema());
    if (checked.ok()) continue;
    violations.push_back({path + ".checks[" + std::to_string(i) + "].condition",
                          "is no condition on a deal: " + checked.status().message()});
  }
}

}  // namespace

int StageIndex(const v1::Pipeline& pipeline, std::string_view stage) {
  for (int i = 0; i < pipeline.stages_size(); ++i) {
    if (pipeline.stages(i).id() == stage) return i;
  }
  return -1;
}

Status CheckPipeline(const v1::Pipeline& pipeline) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < pipeline.stages_size(); ++i) {
    const v1::Stage& stage = pipeline.stages(i);
    std::string path = "pipeline.stages[" + std::to_string(i) + "]";
    if (!IsSnakeCase(stage.id())) {
      violations.push_back({path + ".id", "must be lower snake case, like first_visit"});
    } else if (StageIndex(pipeline, stage.id()) != i) {
      violations.push_back({path + ".id", "is the id of an earlier stage"});
    }
    if (i == 0 && (stage.required_fields_size() > 0 || stage.checks_size() > 0)) {
      violations.push_back({path, "must have no guards: deals begin in the first stage"});
    }
    CheckGuards(stage, path, violations);
  }
  return violations.empty() ? Status::Ok() : entity::InvalidFields(std::move(violations));
}

Status CheckStagesKept(const v1::Pipeline& after, const std::set<std::string>& occupied) {
  auto status = FailedPrecondition(
      "STAGE_IN_USE", "Open deals are in a stage that would go; move them to another one first.");
  for (const std::string& stage : occupied) {
    if (StageIndex(after, stage) >= 0) continue;
    status.Requires("STAGE_IN_USE", after.name(), "open deals are in stage " + stage);
  }
  return status.precondition_violations().empty() ? Status::Ok() : status;
}

}  // namespace crm::deals
