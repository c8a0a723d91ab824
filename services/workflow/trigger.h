// Trigger handling: an event finds the rules that it fires, once each, and their actions become
// planned actions with an event of their own, which the services that can do them consume.
//
// Loops are cut three ways: a rule fires once for a record within one correlation; a chain of
// rules' actions, each caused by the one before, is at most kMaxDepth long; and a rule fires for at
// most kMaxRecords records within one correlation.
#pragma once

#include "libs/events/consumer.h"

namespace crm::workflow {

inline constexpr int kMaxDepth = 8;
inline constexpr int kMaxRecords = 1000;

// workflow.on_events: everything that rules can be triggered by.
events::EventConsumer RuleConsumer();

}  // namespace crm::workflow
