// What pipeline.cpp (the way in and out) and pipeline_commit.cpp (attempts and their commit) share.
#pragma once

#include <google/protobuf/descriptor.h>

#include "libs/command/pipeline.h"
#include "libs/rpc/descriptors.h"
#include "libs/trace/trace_context.h"

namespace crm {

// One call from its arrival to its answer, over all its attempts.
struct CallPipeline::Job {
  const MethodBinding* binding = nullptr;  // nullptr: internal
  std::shared_ptr<rpc::ServerCall> rpc;
  InternalCall internal;
  std::function<void(Status)> done;

  CallContext context;
  log::TraceContext trace;
  std::unique_ptr<google::protobuf::Message> request;
  std::optional<RecordKey> idempotency;
  std::string request_hash;
  bool validate_only = false;
  bool recall = false;  // the key may have been answered meanwhile
  int reruns = 0;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  // Of the attempt that is being committed.
  Status refusal;
  std::unique_ptr<google::protobuf::Message> response;
  // The response's bytes where it leaves as they are: what the key remembers, what a read made.
  std::optional<std::string> answer;
  int asked = 0;  // how often the binding's awaited was

  bool reads_only() const { return binding != nullptr && rpc::OnlyReads(*binding->method); }
  // Whether a commit compares what the call was decided on with the truth before it is answered.
  bool verified() const { return !reads_only() && !validate_only; }
};

struct CallPipeline::Meters {
  explicit Meters(metrics::Registry& registry, const std::string& service)
      : calls(registry.AddCounter({.name = "crm_calls_total",
                                   .help = "Calls that ended, by how.",
                                   .labels = {"service", "origin", "code"},
                                   .max_series = 2000})),
        seconds(registry.AddHistogram({.name = "crm_call_seconds",
                                       .help = "Time from a call's arrival to its answer.",
                                       .labels = {"service", "origin"},
                                       .max_series = 500},
                                      metrics::SecondsBuckets())),
        reruns(registry
                   .AddCounter({.name = "crm_call_reruns_total",
                                .help = "Attempts beyond the first, because a record had moved.",
                                .labels = {"service"}})
                   .With({service})) {}

  metrics::CounterFamily calls;
  metrics::HistogramFamily seconds;
  metrics::Counter reruns;
};

}  // namespace crm
