// Spans: the timed pieces of a trace. Where no sink is given, a Tracer still makes and hands on the
// ids, so logs, events and outgoing calls carry the trace; nothing is exported. An OpenTelemetry
// exporter is another SpanSink.
//
//   trace::Tracer tracer(ids, clock, {.sink = &sink, .sample_ratio = 0.1});
//   trace::Span span = tracer.Start("crm.leads.v1.LeadService/GetLead", trace::SpanKind::kServer,
//   parent); trace::Scope scope(span.context()); span.Set("rpc.system", "grpc"); span.End(status);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/log/logger.h"
#include "libs/trace/trace_context.h"

namespace crm::trace {

// As in OpenTelemetry.
enum class SpanKind { kInternal, kServer, kClient, kProducer, kConsumer };
std::string_view SpanKindName(SpanKind kind);

// Keys and values follow OpenTelemetry's semantic conventions and the log's rule: no personal data,
// no secrets.
using AttributeValue = std::variant<bool, int64_t, double, std::string>;

struct SpanRecord {
  std::string name;  // low cardinality: a method, a topic, a consumer; never a record's name
  SpanKind kind = SpanKind::kInternal;
  TraceContext context;
  std::array<uint8_t, 8> parent_span_id{};  // all zero: the first span of its trace
  Time start;
  Time end;
  Code code = Code::kOk;
  std::string reason;
  std::vector<std::pair<std::string, AttributeValue>> attributes;
};

// Where finished, sampled spans go. Called on the thread that ends the span: must be thread-safe
// and must not block.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Export(const SpanRecord& span) = 0;
};

// Writes each span as a log line "span" with its name, kind, duration, code and parent; attributes
// are left out.
class LogSpanSink final : public SpanSink {
 public:
  explicit LogSpanSink(log::Logger log) : log_(std::move(log)) {}
  void Export(const SpanRecord& span) override;

 private:
  const log::Logger log_;
};

struct TracerOptions {
  SpanSink* sink = nullptr;   // must outlive the tracer; null: nothing is exported
  double sample_ratio = 1.0;  // of new traces; a trace that came from outside keeps its flag
};

// A piece of work under way. Move-only; one thread at a time. Ends as OK where End() was not
// called.
class Span {
 public:
  Span(Span&& other) noexcept;
  Span& operator=(Span&&) = delete;
  ~Span();

  // To be set as the Scope of the work and sent to whomever it calls.
  const TraceContext& context() const { return record_.context; }
  // Kept only where the span is sampled.
  void Set(std::string_view key, AttributeValue value);
  // Only the first End() counts.
  void End(const Status& status = Status());

 private:
  friend class Tracer;
  Span(const Clock& clock, SpanSink* sink) : clock_(clock), sink_(sink) {}

  const Clock& clock_;
  SpanSink* sink_;  // null: not exported, or ended
  SpanRecord record_;
};

// Starts spans. Thread-safe; `ids` and `clock` must outlive it and its spans.
class Tracer {
 public:
  Tracer(IdGenerator& ids, const Clock& clock, TracerOptions options = {});
  // A child of `parent` where that is valid(), otherwise the first span of a new trace.
  Span Start(std::string_view name, SpanKind kind, const TraceContext& parent) const;
  // A child of the current thread's context.
  Span Start(std::string_view name, SpanKind kind) const { return Start(name, kind, Current()); }

 private:
  TraceContext Root() const;

  IdGenerator& ids_;
  const Clock& clock_;
  const TracerOptions options_;
};

}  // namespace crm::trace
