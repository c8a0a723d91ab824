// Logger: structured lines, one JSON object each, on stderr or in a file.
//
//   Logger log = *Logger::Open({.level = Level::kInfo}, clock);       // in the composition root
//   Logger leads = log.With({{"module", "leads"}});
//   leads.Info("relay resumed", {{"cursor", cursor}, {"lag", clock.Now() - oldest}, {"topic",
//   Safe(topic)}});
//
//   {"time":"2026-11-22T04:15:00.250Z","level":"info","message":"relay resumed","module":"leads",
//    "trace_id":"4bf9...","span_id":"00f0...","cursor":17,"lag_ms":12.5,"topic":"crm.leads.v1"}
//
// Fields keep that order; trace_id and span_id are the current thread's (context.h) and absent
// without a trace. Which texts may be logged at all is said in field.h. Strings longer than 4 KiB
// are cut; bytes that are not UTF-8 become U+FFFD.
//
// A Logger is a cheap value: copies and children share the sink. Thread-safe. Never fails and never
// throws: where a line cannot be written it is lost. A line below the level costs one call and one
// comparison.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/field.h"

namespace crm::log {

enum class Level { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning", "error".
std::string_view LevelName(Level level);
std::optional<Level> ParseLevel(std::string_view name);

enum class Format {
  kJson,
  kText,  // for people at a terminal: 2026-11-22T04:15:00.250Z INFO relay resumed module=leads
          // cursor=17
};

struct Options {
  Level level = Level::kInfo;
  Format format = Format::kJson;
  // Empty: stderr. A file is appended to and written through with every line, so that a crash loses
  // none.
  std::string file = {};
};

// Where finished lines go, without their line break. Thread-safe.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Write(std::string_view line) = 0;
};

using Fields = std::initializer_list<Field>;

class Logger {
 public:
  // The clock must outlive the logger and its copies. Fails where the file cannot be opened (reason
  // LOG_FILE_UNUSABLE).
  static Result<Logger> Open(const Options& options, const Clock& clock);
  // Into a sink of one's own, for tests and simulations. Options::file is not used.
  Logger(std::shared_ptr<Sink> sink, const Options& options, const Clock& clock);
  // Writes nothing, for tests that look elsewhere.
  static Logger Silent();

  // A child whose every line has these fields too.
  Logger With(Fields fields) const;

  bool Enabled(Level level) const;
  void Log(Level level, Message message, Fields fields = {}) const;
  void Debug(Message message, Fields fields = {}) const { Log(Level::kDebug, message, fields); }
  void Info(Message message, Fields fields = {}) const { Log(Level::kInfo, message, fields); }
  void Warning(Message message, Fields fields = {}) const { Log(Level::kWarning, message, fields); }
  void Error(Message message, Fields fields = {}) const { Log(Level::kError, message, fields); }

 private:
  struct Core;
  explicit Logger(std::shared_ptr<const Core> core) : core_(std::move(core)) {}

  std::shared_ptr<const Core> core_;  // null: silent
  std::string inherited_;             // the fields of With(), rendered
};

}  // namespace crm::log
