#include "libs/log/context.h"

namespace crm::log {

namespace {

thread_local TraceContext current;

}  // namespace

const TraceContext& CurrentTraceContext() {
  return current;
}

TraceScope::TraceScope(const TraceContext& context) : previous_(current) {
  current = context;
}

TraceScope::~TraceScope() {
  current = previous_;
}

}  // namespace crm::log
