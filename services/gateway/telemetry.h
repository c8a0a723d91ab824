// Telemetry: what the gateway says about each request: a span, a log line without personal data,
// and
//
//   crm_gateway_request_seconds{method,route,status}  from the first byte of work to the answer
//   crm_gateway_refusals_total{reason}                no HTTP, too large, too slow, no room
//   crm_gateway_streams                               streams that are open
#pragma once

#include <string>

#include "libs/base/clock.h"
#include "libs/log/logger.h"
#include "libs/metrics/registry.h"
#include "libs/trace/span.h"

namespace crm::gateway {

// One request under way. Move-only.
struct RequestRecord {
  trace::Span span;
  Time start;
  std::string method;  // of HTTP, "other" where it is none of the usual
  std::string route;   // the template, "unmatched" where there is none
};

// Thread-safe. The references outlive it.
class Telemetry {
 public:
  Telemetry(log::Logger log, metrics::Registry& metrics, const trace::Tracer& tracer,
            const Clock& clock);

  // `traceparent` as the client sent it; a malformed one starts a new trace.
  RequestRecord Begin(const std::string& http_method, std::string_view traceparent) const;
  // `status` is OK or why the request failed.
  void End(RequestRecord& record, int http_status, const Status& status) const;

  void CountRefusal(std::string_view reason) const { refusals_.With({reason}).Add(); }
  void CountStream(int change) const { streams_.Add(change); }

 private:
  const log::Logger log_;
  const trace::Tracer& tracer_;
  const Clock& clock_;
  const metrics::HistogramFamily seconds_;
  const metrics::CounterFamily refusals_;
  const metrics::Gauge streams_;
};

}  // namespace crm::gateway
