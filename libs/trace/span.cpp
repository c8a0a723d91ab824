#include "libs/trace/span.h"

#include <array>

#include "libs/base/hex.h"

namespace crm::trace {

namespace {

// The random half of a trace id as a number in [0, 1): every process that sees the trace would
// decide alike.
double Fraction(const TraceContext& context) {
  uint64_t bits = 0;
  for (size_t i = 9; i < 16; ++i) bits = bits << 8 | context.trace_id[i];
  return static_cast<double>(bits) / static_cast<double>(uint64_t{1} << 56);
}

}  // namespace

std::string_view SpanKindName(SpanKind kind) {
  static constexpr std::array<std::string_view, 5> kNames = {"internal", "server", "client",
                                                             "producer", "consumer"};
  return kNames[static_cast<size_t>(kind)];
}

void LogSpanSink::Export(const SpanRecord& span) {
  Scope scope(span.context);
  bool is_root = span.parent_span_id == decltype(span.parent_span_id){};
  std::string parent = is_root ? "" : ToHex(span.parent_span_id);
  log_.Info("span", {{"name", log::Safe(span.name)},
                     {"kind", log::Safe(SpanKindName(span.kind))},
                     {"parent_span_id", log::Safe(parent)},
                     {"start", span.start},
                     {"duration", span.end - span.start},
                     {"code", span.code},
                     {"reason", log::Safe(span.reason)}});
}

Span::Span(Span&& other) noexcept
    : clock_(other.clock_),
      sink_(std::exchange(other.sink_, nullptr)),
      record_(std::move(other.record_)) {}

Span::~Span() {
  End();
}

void Span::Set(std::string_view key, AttributeValue value) {
  if (sink_ != nullptr) record_.attributes.emplace_back(key, std::move(value));
}

void Span::End(const Status& status) {
  SpanSink* sink = std::exchange(sink_, nullptr);
  if (sink == nullptr) return;
  record_.end = clock_.Now();
  record_.code = status.code();
  record_.reason = status.reason();
  sink->Export(record_);
}

Tracer::Tracer(IdGenerator& ids, const Clock& clock, TracerOptions options)
    : ids_(ids), clock_(clock), options_(options) {}

Span Tracer::Start(std::string_view name, SpanKind kind, const TraceContext& parent) const {
  TraceContext context = parent.valid() ? ChildOf(parent, ids_) : Root();
  Span span(clock_, context.sampled() ? options_.sink : nullptr);
  span.record_.context = context;
  if (span.sink_ == nullptr) return span;
  span.record_.name = name;
  span.record_.kind = kind;
  if (parent.valid()) span.record_.parent_span_id = parent.span_id;
  span.record_.start = clock_.Now();
  return span;
}

TraceContext Tracer::Root() const {
  TraceContext context = NewTrace(ids_, false);
  if (Fraction(context) < options_.sample_ratio) context.flags = 1;
  return context;
}

}  // namespace crm::trace
