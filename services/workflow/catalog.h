// Catalog: the events that rules can be triggered by, and what conditions and templates may name
// for each. Read from the protos, so a new fact of a known record needs nothing here.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "crm/workflow/v1/rule.pb.h"
#include "libs/base/status.h"
#include "libs/events/consumer.h"
#include "libs/filter/schema.h"

namespace crm::workflow {

// A kind of record whose events can trigger rules. A value; points at descriptors, which live for
// ever.
struct Subject {
  // "crm.leads.v1.LeadEvent".
  const google::protobuf::Descriptor* event;
  const google::protobuf::Descriptor* record;
  // What conditions call the record: "lead".
  std::string root;
};

// Services whose events are looked at.
std::vector<std::string> Sources();
const std::vector<Subject>& Subjects();

// A fact by its full name or its last word; INVALID_ARGUMENT (INVALID_FIELD of `field`) with the
// nearest names where there is none.
struct Trigger {
  const Subject* subject;
  // "crm.leads.v1.LeadAssigned".
  std::string type;
};
Result<Trigger> FindTrigger(std::string_view type, const std::string& field);

// What may be named for a kind of record: its root, "old" and "event".
filter::Schema SchemaOf(const Subject& subject);

// An event's values for that schema. Keeps what it points at; the event must outlive it.
class Occasion {
 public:
  Occasion(const Subject& subject, const events::Event& event);
  Occasion(const Occasion&) = delete;
  Occasion& operator=(const Occasion&) = delete;

  filter::EvalContext context(Time now) const { return {now, roots_}; }

 private:
  v1::TriggerEvent trigger_;
  std::vector<const google::protobuf::Message*> roots_;
};

}  // namespace crm::workflow
