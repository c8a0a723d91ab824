// SubmitForm, and the standard methods of what leads come in by.
#include "services/leads/intake_service.h"

#include "crm/kernel/v1/records.pb.h"
#include "crm/leads/v1/intake_service.pb.h"
#include "crm/leads/v1/lead_events.pb.h"
#include "crm/leads/v1/lead_service.pb.h"
#include "libs/command/timestamps.h"
#include "libs/entity/normalize.h"
#include "libs/entity/standard_methods.h"
#include "libs/entity/validate.h"
#include "services/leads/assignment.h"
#include "services/leads/intake.h"
#include "services/leads/lead_service.h"

namespace crm::leads {

using v1::AssignmentRule;
using v1::Form;
using v1::FormWindow;
using v1::Lead;
using v1::SubmitFormRequest;
using v1::SubmitFormResponse;

namespace {

constexpr int kPerMinute = 60;
constexpr size_t kLongestSubmissionId = 150;

// Whose lead a submission is already; empty: nobody's.
Result<std::string> KnownLead(Call& call, const std::string& submission_id) {
  const RecordType& claims = call.types().Of(kernel::v1::UniqueClaim::descriptor());
  auto claim = call.Find<kernel::v1::UniqueClaim>(
      claims.Name(NamedUuid("leads.submission_id", submission_id)));
  if (!claim.ok()) return claim.status();
  return *claim ? (*claim)->holder() : std::string();
}

Status CountSubmission(Call& call, const Form& form) {
  const RecordType& windows = call.types().Of(FormWindow::descriptor());
  std::string name = windows.Name(NamedUuid("form_window", form.name()));
  auto known = call.Find<FormWindow>(name);
  if (!known.ok()) return known.status();
  FormWindow window = known->value_or(FormWindow());
  Time minute = std::chrono::floor<std::chrono::minutes>(call.now());
  if (!window.has_start_time() || ToTime(window.start_time()) != minute) {
    *window.mutable_start_time() = ToTimestamp(minute);
    window.set_submissions(0);
  }
  int most = form.max_per_minute() > 0 ? form.max_per_minute() : kPerMinute;
  if (window.submissions() >= most) {
    auto left = minute + std::chrono::minutes(1) - call.now();
    Status busy(Code::kResourceExhausted, "FORM_BUSY",
                "The form takes no more submissions in this minute; send it again later.");
    return busy.With("name", form.name())
        .RetryAfter(std::chrono::ceil<std::chrono::milliseconds>(left));
  }
  window.set_name(name);
  window.set_submissions(window.submissions() + 1);
  return call.Project(window);
}

class Submission {
 public:
  Submission(const RecordType& type, std::string region)
      : type_(type), region_(std::move(region)), hooks_(LeadHooks()) {}

  Result<SubmitFormResponse> Take(Call& call, const SubmitFormRequest& request) const {
    auto form = call.Load<Form>(request.form());
    if (!form.ok()) return form.status();
    if (form->disabled()) {
      return FailedPrecondition("FORM_DISABLED", "The form takes no submissions any more.")
          .With("name", form->name());
    }
    if (auto status = CheckSize(request.fields()); !status.ok()) return status;
    if (request.submission_id().size() > kLongestSubmissionId) {
      return InvalidField("submission_id", "has more than 150 bytes");
    }
    SubmitFormResponse response;
    if (IsSpam(*form, request.fields())) return response;
    std::string submission_id;
    if (!request.submission_id().empty()) {
      submission_id =
          form->name().substr(form->name().find('/') + 1) + "/" + request.submission_id();
      auto known = KnownLead(call, submission_id);
      if (!known.ok()) return known.status();
      response.set_lead(*known);
      if (!known->empty()) return response;
    }
    if (auto status = CountSubmission(call, *form); !status.ok()) return status;
    return Store(call, *form, request, submission_id);
  }

 private:
  Result<SubmitFormResponse> Store(Call& call, const Form& form, const SubmitFormRequest& request,
                                   const std::string& submission_id) const {
    MappedLead mapped = MapFields(form, request.fields());
    Lead& lead = mapped.lead;
    lead.set_name(type_.Name(call.NewId("lead")));
    lead.set_submission_id(submission_id);
    if (auto status = hooks_.defaults(call, lead); !status.ok()) return status;
    entity::Normalize(region_, lead);
    if (auto status = entity::Validate(call, type_, nullptr, lead, "lead"); !status.ok()) {
      return status;
    }
    // Not before the checks: the form's key need not be allowed to read sources.
    lead.set_source(form.source());
    if (auto status = hooks_.validate(call, nullptr, lead); !status.ok()) return status;
    v1::LeadSubmitted fact;
    fact.set_form(form.name());
    *fact.mutable_raw_fields() = request.fields();
    if (auto status = call.Store(lead, fact); !status.ok()) return status;
    auto stored = call.Find<Lead>(lead.name());
    if (!stored.ok()) return stored.status();
    if (auto status = AssignByRules(call, **stored); !status.ok()) return status;
    SubmitFormResponse response;
    response.set_lead(lead.name());
    for (const auto& warning : mapped.warnings) response.add_warnings(warning);
    return response;
  }

  const RecordType& type_;
  const std::string region_;
  const entity::HooksOf<Lead> hooks_;
};

Status CheckRule(const RecordType& leads, const AssignmentRule& rule) {
  auto condition = filter::ParseAndCheck(rule.condition(), leads.filter_schema());
  if (!condition.ok()) {
    return InvalidField("assignment_rule.condition", condition.status().message());
  }
  const auto& distribution = rule.distribution();
  if (distribution.users_size() == 0 && distribution.department().empty()) {
    return InvalidField("assignment_rule.distribution", "names neither users nor a department");
  }
  return Status::Ok();
}

}  // namespace

std::vector<MethodBinding> SubmitMethods(const RecordTypes& types,
                                         const entity::Settings& settings) {
  auto submission =
      std::make_shared<Submission>(types.Of(Lead::descriptor()), settings.phone_region);
  return {Bind<SubmitFormRequest, SubmitFormResponse>(
      entity::FindService("crm.leads.v1.LeadService"), "SubmitForm",
      [submission](Call& call, const SubmitFormRequest& request) {
        return submission->Take(call, request);
      })};
}

std::vector<MethodBinding> IntakeMethods(const RecordTypes& types,
                                         const entity::Settings& settings) {
  entity::HooksOf<Form> form_hooks;
  form_hooks.validate = [](Call&, const Form*, Form& form) { return CheckMapping(form); };
  entity::HooksOf<AssignmentRule> rule_hooks;
  rule_hooks.validate = [](Call& call, const AssignmentRule*, AssignmentRule& rule) {
    return CheckRule(call.types().Of(Lead::descriptor()), rule);
  };
  auto methods = entity::StandardMethods(entity::FindService("crm.leads.v1.SourceService"),
                                         types.Of(v1::Source::descriptor()), settings);
  for (auto more :
       {entity::StandardMethods(entity::FindService("crm.leads.v1.FormService"),
                                types.Of(Form::descriptor()), settings, form_hooks),
        entity::StandardMethods(entity::FindService("crm.leads.v1.AssignmentRuleService"),
                                types.Of(AssignmentRule::descriptor()), settings, rule_hooks)}) {
    methods.insert(methods.end(), more.begin(), more.end());
  }
  return methods;
}

}  // namespace crm::leads
