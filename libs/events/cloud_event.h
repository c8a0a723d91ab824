// A log row as a CloudEvent in Kafka's binary mode, and back: the one mapping, used by the relay,
// consumers and tools.
//
//   key      tenant/subject            "0190.../leads/0191..."
//   value    the event message, serialised (crm.leads.v1.LeadEvent)
//   headers  ce_specversion 1.0, ce_id, ce_source "crm/leads", ce_subject, ce_type (the fact),
//   ce_time (occurred),
//            ce_datacontenttype application/protobuf, ce_dataschema (full name of the event
//            message), ce_partitionkey (the key), ce_sequence (the version, 20 digits),
//            content-type application/protobuf, traceparent, and our extensions ce_tenant,
//            ce_version, ce_logseq, ce_correlation, ce_causation, ce_actor, ce_run, ce_origin,
//            ce_recordedtime
#pragma once

#include <string>

#include "crm/kernel/v1/log.pb.h"
#include "libs/base/status.h"
#include "libs/kafka/message.h"

namespace crm::events {

kafka::Message ToCloudEvent(const kernel::v1::LogRow& row, const std::string& service,
                            const std::string& topic);

// INVALID_ARGUMENT (EVENT_MALFORMED) where a header that we need is missing or wrong.
Result<kernel::v1::LogRow> FromCloudEvent(const kafka::ReceivedMessage& message);

}  // namespace crm::events
