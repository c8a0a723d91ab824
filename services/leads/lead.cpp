#include "services/leads/lead.h"

#include <array>
#include <optional>
#include <string>

namespace crm::leads {

using v1::Lead;

namespace {

struct Transition {
  Verb verb;
  Lead::State from;
  Lead::State to;
};

// Every pair that is missing is refused.
constexpr std::array kTransitions = {
    Transition{Verb::kAssign, Lead::NEW, Lead::NEW},
    Transition{Verb::kAssign, Lead::WORKING, Lead::WORKING},
    Transition{Verb::kRecordContact, Lead::NEW, Lead::WORKING},
    Transition{Verb::kRecordContact, Lead::WORKING, Lead::WORKING},
    Transition{Verb::kSetCallBack, Lead::NEW, Lead::NEW},
    Transition{Verb::kSetCallBack, Lead::WORKING, Lead::WORKING},
    Transition{Verb::kConvert, Lead::NEW, Lead::CONVERTED},
    Transition{Verb::kConvert, Lead::WORKING, Lead::CONVERTED},
    Transition{Verb::kUndoConversion, Lead::CONVERTED, Lead::WORKING},
    Transition{Verb::kDisqualify, Lead::NEW, Lead::DISQUALIFIED},
    Transition{Verb::kDisqualify, Lead::WORKING, Lead::DISQUALIFIED},
    Transition{Verb::kReopen, Lead::DISQUALIFIED, Lead::WORKING},
};

std::string_view Words(Verb verb) {
  switch (verb) {
    case Verb::kAssign:
      return "assigned";
    case Verb::kRecordContact:
      return "contacted";
    case Verb::kSetCallBack:
      return "given a time to call back";
    case Verb::kConvert:
      return "converted";
    case Verb::kUndoConversion:
      return "taken back from its conversion";
    case Verb::kDisqualify:
      return "disqualified";
    case Verb::kReopen:
      return "reopened";
  }
  return "";
}

}  // namespace

bool IsOpen(const Lead& lead) {
  return lead.state() == Lead::NEW || lead.state() == Lead::WORKING;
}

Result<Lead::State> NextState(const Lead& lead, Verb verb) {
  for (const auto& each : kTransitions) {
    if (each.verb == verb && each.from == lead.state()) return each.to;
  }
  std::string state = Lead::State_Name(lead.state());
  std::string verb_words(Words(verb));
  return FailedPrecondition("LEAD_STATE",
                            "A lead that is " + state + " cannot be " + verb_words + ".")
      .With("name", lead.name())
      .With("state", state)
      .With("verb", verb_words);
}

void Begin(Lead& lead, Time now) {
  lead.set_state(Lead::NEW);
  lead.set_arrival_date(FormatTime(now).substr(0, 10));
}

}  // namespace crm::leads
