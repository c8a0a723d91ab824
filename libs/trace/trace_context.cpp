#include "libs/trace/trace_context.h"

#include <algorithm>
#include <span>

#include "libs/base/hex.h"

namespace crm::trace {

namespace {

constexpr size_t kLength = 55;  // "00-" 32 "-" 16 "-" 2

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool ReadHex(std::string_view text, std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    int high = HexValue(text[2 * i]);
    int low = HexValue(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

// The last eight bytes of a version 7 UUID are random but for the variant, which also keeps a span
// id from being zero.
std::array<uint8_t, 8> NewSpanId(IdGenerator& ids) {
  std::array<uint8_t, 8> span_id;
  Uuid id = ids.Next();
  std::copy_n(id.bytes.begin() + 8, span_id.size(), span_id.begin());
  return span_id;
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  uint8_t version = 0;
  TraceContext context;
  bool hex = ReadHex(text.substr(0, 2), {&version, 1}) &&
             ReadHex(text.substr(3, 32), context.trace_id) &&
             ReadHex(text.substr(36, 16), context.span_id) &&
             ReadHex(text.substr(53, 2), {&context.flags, 1});
  if (!hex || version == 0xff || !context.valid()) return std::nullopt;
  bool more = text.size() > kLength;
  if (more && (version == 0 || text[kLength] != '-')) return std::nullopt;
  return context;
}

std::string FormatTraceparent(const TraceContext& context) {
  std::string text = "00-";
  text.reserve(kLength);
  AppendHex(text, context.trace_id);
  text += '-';
  AppendHex(text, context.span_id);
  text += '-';
  AppendHex(text, {&context.flags, 1});
  return text;
}

TraceContext NewTrace(IdGenerator& ids, bool sampled) {
  TraceContext context;
  context.trace_id = ids.Next().bytes;
  context.span_id = NewSpanId(ids);
  context.flags = sampled ? 1 : 0;
  return context;
}

TraceContext ChildOf(const TraceContext& parent, IdGenerator& ids) {
  TraceContext child = parent;
  child.span_id = NewSpanId(ids);
  return child;
}

Task Carry(Task task) {
  return [context = Current(), task = std::move(task)] {
    Scope scope(context);
    task();
  };
}

}  // namespace crm::trace
