// W3C Trace Context: how one trace id travels from HTTP through gRPC, the event log, Kafka and
// consumers to a webhook.
//
//   traceparent = version "-" trace-id "-" parent-id "-" flags
//   version     = 2 lower-case hex digits, "00" where we write it; "ff" is invalid
//   trace-id    = 32 lower-case hex digits, not all zero
//   parent-id   = 16 lower-case hex digits, not all zero
//   flags       = 2 lower-case hex digits; bit 0: sampled
//
// A higher version may carry more behind the flags, after another "-"; what we know of it is read
// and the rest ignored. Functions are thread-safe; the current context is the thread's own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/executor.h"
#include "libs/base/uuid.h"
#include "libs/log/context.h"

namespace crm::trace {

using TraceContext = log::TraceContext;
// Sets the context of the current thread while it lives.
using Scope = log::TraceScope;

// The lower-case name of the HTTP header, the gRPC metadata and the Kafka header.
inline constexpr std::string_view kTraceparent = "traceparent";

// nullopt where the text is not a traceparent: then a new trace begins, as the standard asks.
std::optional<TraceContext> ParseTraceparent(std::string_view text);
// Only for a valid() context.
std::string FormatTraceparent(const TraceContext& context);

// The first span of a new trace.
TraceContext NewTrace(IdGenerator& ids, bool sampled);
// A new span of the parent's trace with the parent's flags.
TraceContext ChildOf(const TraceContext& parent, IdGenerator& ids);

// The current thread's context; not valid() where there is none.
inline const TraceContext& Current() {
  return log::CurrentTraceContext();
}

// `task` with the current thread's context, wherever it is run.
Task Carry(Task task);

}  // namespace crm::trace
