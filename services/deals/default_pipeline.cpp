#include "services/deals/default_pipeline.h"

#include "crm/kernel/v1/records.pb.h"

namespace crm::deals {

using kernel::v1::UniqueClaim;

namespace {

const RecordType& Claims(const Call& call) {
  return call.types().Of(UniqueClaim::descriptor());
}

std::string ClaimName(const Call& call) {
  return Claims(call).Name(NamedUuid("pipelines.is_default", "true"));
}

// The pipeline that holds the claim and still is a default: an undo changes pipelines without
// asking here.
Result<std::optional<v1::Pipeline>> FindDefault(Call& call) {
  auto claim = call.Find<UniqueClaim>(ClaimName(call));
  if (!claim.ok()) return claim.status();
  if (!*claim) return std::optional<v1::Pipeline>();
  auto pipeline = call.Find<v1::Pipeline>((*claim)->holder());
  if (!pipeline.ok()) return pipeline.status();
  bool valid = *pipeline && (*pipeline)->is_default() && !(*pipeline)->has_delete_time();
  return valid ? std::move(*pipeline) : std::optional<v1::Pipeline>();
}

}  // namespace

Result<v1::Pipeline> LoadDefaultPipeline(Call& call) {
  auto pipeline = FindDefault(call);
  if (!pipeline.ok()) return pipeline.status();
  if (*pipeline) return std::move(**pipeline);
  return FailedPrecondition("NO_DEFAULT_PIPELINE",
                            "No pipeline is the default; name one, or set is_default of one.");
}

Status KeepDefault(Call& call, const v1::Pipeline& stored) {
  auto claim = call.Find<UniqueClaim>(ClaimName(call));
  if (!claim.ok()) return claim.status();
  bool holds = *claim && (*claim)->holder() == stored.name();
  bool wants = stored.is_default() && !stored.has_delete_time();
  if (holds == wants) return Status::Ok();
  if (!wants) return call.Erase(Claims(call), ClaimName(call));
  auto other = FindDefault(call);
  if (!other.ok()) return other.status();
  if (*other) {
    return Status(Code::kAlreadyExists, "VALUE_TAKEN",
                  "Another pipeline is the default; clear its is_default first.")
        .With("field", "is_default")
        .With("holder", (*claim)->holder())
        .Violates("is_default", "is taken by " + (*claim)->holder());
  }
  UniqueClaim taken;
  taken.set_name(ClaimName(call));
  taken.set_holder(stored.name());
  return call.Project(taken);
}

}  // namespace crm::deals
