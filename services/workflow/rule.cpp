#include "services/workflow/rule.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "libs/filter/checked_filter.h"
#include "libs/filter/evaluate.h"
#include "services/workflow/text_template.h"

namespace crm::workflow {

using google::protobuf::util::TimeUtil;

namespace {

// Of a task's display_name and of a notice.
constexpr size_t kTitleLength = 300;

// An action against a schema: refused with `path` as the field, or planned.
class ActionPlan {
 public:
  ActionPlan(const filter::Schema& schema, std::string path)
      : schema_(schema), path_(std::move(path)) {}

  Status Check(const v1::Action& action) const {
    switch (action.action_case()) {
      case v1::Action::kCreateTask: {
        const auto& task = action.create_task();
        if (!task.owner().empty() && !task.owner_field().empty()) {
          return InvalidField(path_ + ".create_task.owner_field",
                              "must be empty where owner is set");
        }
        return CheckTexts("create_task.", task.title(), "owner_field", task.owner_field());
      }
      case v1::Action::kNotify: {
        const auto& notify = action.notify();
        if (notify.user().empty() == notify.user_field().empty()) {
          return InvalidField(path_ + ".notify.user", "or user_field must be set, and not both");
        }
        return CheckTexts("notify.", notify.title(), "user_field", notify.user_field());
      }
      default:
        return InvalidField(path_, "must say what to do");
    }
  }

  // nullopt: there is nobody it is for.
  Result<std::optional<v1::PlannedAction>> Make(const v1::Action& action,
                                                const filter::EvalContext& context) const {
    v1::PlannedAction planned;
    if (action.has_create_task()) {
      const auto& wanted = action.create_task();
      auto title = Text(wanted.title(), context);
      if (!title.ok()) return title.status();
      auto owner = Person(wanted.owner(), wanted.owner_field(), context);
      if (!owner.ok()) return owner.status();
      auto* task = planned.mutable_create_task();
      task->set_title(*title);
      task->set_kind(wanted.kind());
      task->set_owner(*owner);
      task->set_department(wanted.department());
      if (wanted.due_in_minutes() > 0) {
        Time due = context.now + std::chrono::minutes(wanted.due_in_minutes());
        *task->mutable_due_time() =
            TimeUtil::MicrosecondsToTimestamp(due.time_since_epoch().count());
      }
      return std::optional(planned);
    }
    const auto& wanted = action.notify();
    auto title = Text(wanted.title(), context);
    if (!title.ok()) return title.status();
    auto user = Person(wanted.user(), wanted.user_field(), context);
    if (!user.ok()) return user.status();
    if (user->empty()) return std::optional<v1::PlannedAction>();
    planned.mutable_notify()->set_title(*title);
    planned.mutable_notify()->set_user(*user);
    return std::optional(planned);
  }

 private:
  Status CheckTexts(const std::string& kind, const std::string& title,
                    const std::string& person_name, const std::string& person_path) const {
    auto text = TextTemplate::Parse(title, schema_, path_ + "." + kind + "title");
    if (!text.ok()) return text.status();
    if (person_path.empty()) return Status::Ok();
    return ResolveText(person_path, schema_, path_ + "." + kind + person_name).status();
  }

  Result<std::string> Text(const std::string& text, const filter::EvalContext& context) const {
    auto parsed = TextTemplate::Parse(text, schema_, path_);
    if (!parsed.ok()) return parsed.status();
    return parsed->Render(context, kTitleLength);
  }

  Result<std::string> Person(const std::string& user, const std::string& field,
                             const filter::EvalContext& context) const {
    if (field.empty()) return user;
    auto path = ResolveText(field, schema_, path_);
    if (!path.ok()) return path.status();
    return TextOf(*path, context);
  }

  const filter::Schema& schema_;
  const std::string path_;
};

std::string PathOf(int action) {
  return "rule.actions[" + std::to_string(action) + "]";
}

// A rule was valid when it was saved: what does not fit now is a proto that lost a field.
Status Outdated(const v1::Rule& rule, const Status& why) {
  return FailedPrecondition("RULE_OUTDATED",
                            "The rule names what there is no more; correct it. " + why.message())
      .With("rule", rule.name());
}

}  // namespace

Status Validate(v1::Rule& rule) {
  const Subject* subject = nullptr;
  for (int i = 0; i < rule.events_size(); ++i) {
    std::string path = "rule.events[" + std::to_string(i) + "]";
    auto trigger = FindTrigger(rule.events(i), path);
    if (!trigger.ok()) return trigger.status();
    if (subject != nullptr && trigger->subject != subject) {
      return InvalidField(path, "must be an event of a " + subject->root + ", like the first");
    }
    subject = trigger->subject;
    rule.set_events(i, trigger->type);
  }
  if (subject == nullptr) return InvalidField("rule.events", "must not be empty");
  filter::Schema schema = SchemaOf(*subject);
  if (auto condition = filter::ParseAndCheck(rule.condition(), schema); !condition.ok()) {
    return InvalidField("rule.condition", condition.status().message());
  }
  if (rule.actions().empty()) return InvalidField("rule.actions", "must not be empty");
  for (int i = 0; i < rule.actions_size(); ++i) {
    auto status = ActionPlan(schema, PathOf(i)).Check(rule.actions(i));
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

Result<bool> Fires(const v1::Rule& rule, const Subject& subject, const events::Event& event,
                   const filter::EvalContext& context) {
  if (!rule.active() || rule.has_delete_time()) return false;
  const auto& events = rule.events();
  if (std::find(events.begin(), events.end(), event.row.type()) == events.end()) return false;
  if (!event.row.run().empty() && !rule.run_on_imports()) return false;
  auto condition = filter::ParseAndCheck(rule.condition(), SchemaOf(subject));
  if (!condition.ok()) return Outdated(rule, condition.status());
  return filter::Matches(*condition, context);
}

Result<std::vector<v1::PlannedAction>> Plan(const v1::Rule& rule, const Subject& subject,
                                            const filter::EvalContext& context) {
  std::vector<v1::PlannedAction> planned;
  filter::Schema schema = SchemaOf(subject);
  for (int i = 0; i < rule.actions_size(); ++i) {
    auto action = ActionPlan(schema, PathOf(i)).Make(rule.actions(i), context);
    if (!action.ok()) return Outdated(rule, action.status());
    if (*action) planned.push_back(std::move(**action));
  }
  return planned;
}

}  // namespace crm::workflow
