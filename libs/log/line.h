// How one line is written: JSON or text. Private to libs/log.
#pragma once

#include <string>
#include <string_view>

#include "libs/log/context.h"
#include "libs/log/field.h"
#include "libs/log/logger.h"

namespace crm::log {

// Appends `text` as a JSON string with its quotes: valid UTF-8, bounded, no raw control characters.
void AppendJsonString(std::string& out, std::string_view text);

// Appends `,"key":value` (JSON) or ` key=value` (text).
void AppendField(std::string& out, Format format, const Field& field);

// Appends the ids of a valid context; nothing otherwise.
void AppendTrace(std::string& out, Format format, const TraceContext& context);

// A line up to its fields: `{"time":...,"level":...,"message":...`; the JSON object is left open.
std::string OpenLine(Format format, Time time, Level level, Message message);

}  // namespace crm::log
