#include "services/gateway/telemetry.h"

#include <algorithm>
#include <array>

#include "libs/trace/trace_context.h"

namespace crm::gateway {
namespace {

// A client can send any word as a method; a label must be bounded.
std::string BoundedMethod(const std::string& method) {
  static constexpr std::array<std::string_view, 7> kKnown = {"GET",   "HEAD",   "POST",   "PUT",
                                                             "PATCH", "DELETE", "OPTIONS"};
  return std::find(kKnown.begin(), kKnown.end(), method) == kKnown.end() ? "other" : method;
}

}  // namespace

Telemetry::Telemetry(log::Logger log, metrics::Registry& metrics, const trace::Tracer& tracer,
                     const Clock& clock)
    : log_(std::move(log)),
      tracer_(tracer),
      clock_(clock),
      seconds_(metrics.AddHistogram({.name = "crm_gateway_request_seconds",
                                     .help = "How long HTTP requests took to be answered.",
                                     .labels = {"method", "route", "status"},
                                     .max_series = 2000},
                                    metrics::SecondsBuckets())),
      refusals_(metrics.AddCounter(
          {.name = "crm_gateway_refusals_total",
           .help = "Requests turned away before they were routed or for lack of room.",
           .labels = {"reason"}})),
      streams_(metrics.AddGauge({.name = "crm_gateway_streams", .help = "Streams that are open."})
                   .With({})) {}

RequestRecord Telemetry::Begin(const std::string& http_method, std::string_view traceparent) const {
  const auto parent = trace::ParseTraceparent(traceparent).value_or(trace::TraceContext{});
  return {
      .span = tracer_.Start("http " + BoundedMethod(http_method), trace::SpanKind::kServer, parent),
      .start = clock_.Now(),
      .method = BoundedMethod(http_method),
      .route = "unmatched"};
}

void Telemetry::End(RequestRecord& record, int http_status, const Status& status) const {
  const Duration duration = clock_.Now() - record.start;
  const std::string code = std::to_string(http_status);
  seconds_.With({record.method, record.route, code}).Observe(duration);
  record.span.Set("http.request.method", record.method);
  record.span.Set("http.route", record.route);
  record.span.Set("http.response.status_code", static_cast<int64_t>(http_status));
  const trace::Scope scope(record.span.context());
  const bool probe = record.route == "/healthz" || record.route == "/readyz";
  log_.Log(probe ? log::Level::kDebug : log::Level::kInfo, "request answered",
           {{"method", log::Safe(record.method)},
            {"route", log::Safe(record.route)},
            {"http_status", http_status},
            {"duration", duration},
            {"status", status}});
  record.span.End(status);
}

}  // namespace crm::gateway
