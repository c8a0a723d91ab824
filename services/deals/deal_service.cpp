#include "services/deals/deal_service.h"

#include "crm/deals/v1/deal_service.pb.h"
#include "libs/command/access.h"
#include "libs/command/timestamps.h"
#include "libs/entity/standard_methods.h"
#include "services/deals/deal.h"
#include "services/deals/default_pipeline.h"
#include "services/deals/report.h"
#include "services/deals/transitions.h"

namespace crm::deals {

namespace {

using v1::Deal;

// Business time as the request gives it; nullopt: now.
template <class Request>
Result<std::optional<Time>> OccurredOf(const Call& call, const Request& request) {
  if (!request.has_occurred_time()) return std::optional<Time>();
  Time occurred = ToTime(request.occurred_time());
  if (occurred > call.now()) return InvalidField("occurred_time", "must not lie in the future");
  return std::optional(occurred);
}

// Since when a new deal is in its first stage; by default since now.
using Beginning = std::function<std::optional<Time>(const Call&)>;

entity::HooksOf<Deal> Hooks(Beginning beginning) {
  entity::HooksOf<Deal> hooks;
  hooks.defaults = [beginning](Call& call, Deal& deal) -> Status {
    auto pipeline = deal.pipeline().empty() ? LoadDefaultPipeline(call)
                                            : call.Load<v1::Pipeline>(deal.pipeline());
    if (pipeline.ok()) {
      Begin(*pipeline, beginning(call), deal);
      return Status::Ok();
    }
    Code code = pipeline.status().code();
    bool wrong = code == Code::kNotFound || code == Code::kInvalidArgument;
    return wrong && !deal.pipeline().empty()
               ? InvalidField("deal.pipeline", "there is no " + deal.pipeline())
               : pipeline.status();
  };
  hooks.validate = [](Call&, const Deal*, Deal& after) { return Complete(after); };
  return hooks;
}

// A deal and its pipeline, for a verb. Deals in a deleted pipeline go on.
struct Subject {
  Deal deal;
  v1::Pipeline pipeline;
};

Result<Subject> LoadSubject(Call& call, const std::string& name, const std::string& etag) {
  auto deal = call.Load<Deal>(name);
  if (!deal.ok()) return deal.status();
  if (!etag.empty() && etag != deal->etag()) {
    return Status(Code::kAborted, "ETAG_MISMATCH",
                  "The deal was changed since you read it; read it again and decide anew.")
        .With("name", name)
        .With("etag", deal->etag());
  }
  auto pipeline = call.LoadWithDeleted<v1::Pipeline>(deal->pipeline());
  if (!pipeline.ok()) return pipeline.status();
  return Subject{std::move(*deal), std::move(*pipeline)};
}

// A verb: `decide(subject, occurred)` changes the subject's deal and gives the fact, or refuses.
template <class Request, class Decide>
Result<Deal> Carry(Call& call, const Request& request, Decide decide) {
  auto subject = LoadSubject(call, request.name(), request.etag());
  if (!subject.ok()) return subject.status();
  auto occurred = OccurredOf(call, request);
  if (!occurred.ok()) return occurred.status();
  auto fact = decide(*subject, occurred->value_or(call.now()));
  if (!fact.ok()) return fact.status();
  if (auto status = call.Store(subject->deal, *fact, *occurred); !status.ok()) return status;
  return std::move(subject->deal);
}

Result<Deal> MoveDeal(Call& call, const v1::MoveDealRequest& request) {
  return Carry(call, request, [&](Subject& subject, Time occurred) -> Result<v1::DealMoved> {
    const RecordType& type = call.types().Of(Deal::descriptor());
    if (!request.override_reason().empty() &&
        !MaySee(type, call.principal(), "override", subject.deal, call.now())) {
      return PermissionDenied(type.object(), "override");
    }
    return Move(subject.pipeline, {request.stage(), occurred, request.override_reason()},
                subject.deal);
  });
}

Result<Deal> WinDeal(Call& call, const v1::WinDealRequest& request) {
  return Carry(call, request, [](Subject& subject, Time occurred) {
    return Win(subject.pipeline, occurred, subject.deal);
  });
}

Result<Deal> LoseDeal(Call& call, const v1::LoseDealRequest& request) {
  return Carry(call, request, [&](Subject& subject, Time occurred) {
    return Lose({request.reason(), request.reason_text(), occurred}, subject.deal);
  });
}

Result<Deal> ReopenDeal(Call& call, const v1::ReopenDealRequest& request) {
  return Carry(call, request,
               [](Subject& subject, Time occurred) { return Reopen(occurred, subject.deal); });
}

Result<v1::ListTransitionsResponse> ListTransitions(Call& call,
                                                    const v1::ListTransitionsRequest& request) {
  auto subject = LoadSubject(call, request.name(), "");
  if (!subject.ok()) return subject.status();
  return Transitions(subject->pipeline, subject->deal, call.now());
}

Result<Deal> CreateDeal(Call& call, const v1::CreateDealRequest& request,
                        const entity::Settings& settings) {
  if (!request.has_deal()) return InvalidField("deal", "is required");
  std::optional<Uuid> id;
  if (!request.deal_id().empty()) {
    id = Uuid::Parse(request.deal_id());
    if (!id || id->is_nil()) return InvalidField("deal_id", "must be a UUID");
  }
  auto occurred = OccurredOf(call, request);
  if (!occurred.ok()) return occurred.status();
  if (request.begin_unknown() && *occurred) {
    return InvalidField("begin_unknown", "must not be given with occurred_time");
  }
  entity::Crud crud(call.types().Of(Deal::descriptor()), settings,
                    Hooks([&](const Call& now) -> std::optional<Time> {
                      if (request.begin_unknown()) return std::nullopt;
                      return occurred->value_or(now.now());
                    }));
  auto created = crud.Create(call, request.deal(), id, "deal", *occurred);
  if (!created.ok()) return created.status();
  return Deal(static_cast<const Deal&>(**created));
}

}  // namespace

std::vector<MethodBinding> DealMethods(const RecordTypes& types, const entity::Settings& settings,
                                       std::shared_ptr<const people::HandOvers> hand_overs) {
  const auto* service = entity::FindService("crm.deals.v1.DealService");
  auto methods = entity::StandardMethods(service, types.Of(Deal::descriptor()), settings,
                                         Hooks([](const Call& call) { return call.now(); }));
  // By hand, because of the business time.
  std::erase_if(methods,
                [](const MethodBinding& each) { return each.method->name() == "CreateDeal"; });
  methods.push_back(Bind<v1::CreateDealRequest, Deal>(
      service, "CreateDeal", [settings](Call& call, const v1::CreateDealRequest& request) {
        return CreateDeal(call, request, settings);
      }));
  methods.push_back(Bind<v1::MoveDealRequest, Deal>(service, "MoveDeal", MoveDeal));
  methods.push_back(Bind<v1::WinDealRequest, Deal>(service, "WinDeal", WinDeal));
  methods.push_back(Bind<v1::LoseDealRequest, Deal>(service, "LoseDeal", LoseDeal));
  methods.push_back(Bind<v1::ReopenDealRequest, Deal>(service, "ReopenDeal", ReopenDeal));
  methods.push_back(Bind<v1::ListTransitionsRequest, v1::ListTransitionsResponse>(
      service, "ListTransitions", ListTransitions));
  methods.push_back(people::BindHandOver<v1::HandOverDealsRequest, v1::HandOverDealsResponse>(
      service, "HandOverDeals", std::move(hand_overs)));
  methods.push_back(Bind<v1::ReportPipelineRequest, v1::ReportPipelineResponse>(
      service, "ReportPipeline", ReportPipeline));
  return methods;
}

}  // namespace crm::deals
