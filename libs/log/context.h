// The trace context of the current thread. It is kept here because every log line carries it and
// libs/trace lies above; what it means, how it is parsed and how children are made is libs/trace's
// business.
#pragma once

#include <array>
#include <cstdint>

namespace crm::log {

// One span of a trace, as in W3C Trace Context. All zero: no trace.
struct TraceContext {
  std::array<uint8_t, 16> trace_id{};
  std::array<uint8_t, 8> span_id{};
  uint8_t flags = 0;  // bit 0: sampled

  bool valid() const { return trace_id != decltype(trace_id){} && span_id != decltype(span_id){}; }
  bool sampled() const { return (flags & 1) != 0; }
  bool operator==(const TraceContext&) const = default;
};

// What the current thread works on; not valid() where nothing was set.
const TraceContext& CurrentTraceContext();

// Sets the current thread's context while it lives, then puts back what was there. Scopes of a
// thread nest; a scope dies on the thread that made it.
class TraceScope {
 public:
  explicit TraceScope(const TraceContext& context);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  const TraceContext previous_;
};

}  // namespace crm::log
