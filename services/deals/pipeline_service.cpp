#include "services/deals/pipeline_service.h"

#include "crm/deals/v1/deal_service.pb.h"
#include "libs/entity/standard_methods.h"
#include "libs/rpc/descriptors.h"
#include "services/deals/default_pipeline.h"
#include "services/deals/pipeline.h"

namespace crm::deals {

using google::protobuf::Message;

namespace {

// Stages in which the pipeline has open deals. A hint: a deal may enter one meanwhile, and then
// goes on from before the first stage.
Result<std::set<std::string>> OccupiedStages(Call& call, const v1::Pipeline& pipeline) {
  const RecordType& deals = call.types().Of(v1::Deal::descriptor());
  auto in_it = filter::FieldEquals(deals.filter_schema(), "pipeline", pipeline.name());
  if (!in_it.ok()) return in_it.status();
  auto open = filter::FieldEquals(deals.filter_schema(), "state", "OPEN");
  if (!open.ok()) return open.status();
  auto both = in_it->And(*open);
  AggregateQuery query;
  query.type = &deals;
  query.tenant = call.tenant();
  query.filter = &both;
  query.now = call.now();
  query.group_by = {"stage"};
  auto rows = call.store().Aggregate(query, call.stop());
  if (!rows.ok()) return rows.status();
  std::set<std::string> stages;
  for (const auto& row : *rows) stages.insert(std::get<std::string>(row.group.at(0)));
  return stages;
}

entity::HooksOf<v1::Pipeline> Hooks() {
  entity::HooksOf<v1::Pipeline> hooks;
  hooks.validate = [](Call&, const v1::Pipeline*, v1::Pipeline& after) {
    return CheckPipeline(after);
  };
  hooks.before_update = [](Call& call, const v1::Pipeline& before, v1::Pipeline& after) -> Status {
    bool kept = true;
    for (const auto& stage : before.stages()) kept = kept && StageIndex(after, stage.id()) >= 0;
    if (kept) return Status::Ok();
    auto occupied = OccupiedStages(call, before);
    return occupied.ok() ? CheckStagesKept(after, *occupied) : occupied.status();
  };
  hooks.validate_delete = [](Call& call, const v1::Pipeline& pipeline) -> Status {
    auto occupied = OccupiedStages(call, pipeline);
    if (!occupied.ok()) return occupied.status();
    v1::Pipeline gone;
    gone.set_name(pipeline.name());
    return CheckStagesKept(gone, *occupied);
  };
  return hooks;
}

}  // namespace

std::vector<MethodBinding> PipelineMethods(const RecordTypes& types,
                                           const entity::Settings& settings) {
  auto methods = entity::StandardMethods(entity::FindService("crm.deals.v1.PipelineService"),
                                         types.Of(v1::Pipeline::descriptor()), settings, Hooks());
  for (auto& binding : methods) {
    bool writes = binding.method->output_type() == v1::Pipeline::descriptor() &&
                  !rpc::OnlyReads(*binding.method);
    if (!writes) continue;
    binding.unary = [standard = binding.unary](
                        Call& call, const Message& request) -> Result<std::unique_ptr<Message>> {
      auto stored = standard(call, request);
      if (!stored.ok()) return stored;
      const auto& pipeline = static_cast<const v1::Pipeline&>(**stored);
      // Empty where a delete found nothing.
      if (pipeline.name().empty()) return stored;
      if (auto status = KeepDefault(call, pipeline); !status.ok()) return status;
      return stored;
    };
  }
  return methods;
}

}  // namespace crm::deals
