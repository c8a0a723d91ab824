#include "libs/log/logger.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>

#include "libs/log/context.h"
#include "libs/log/line.h"

namespace crm::log {

namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

class SpdlogSink final : public Sink {
 public:
  explicit SpdlogSink(spdlog::sink_ptr sink) : logger_("crm", std::move(sink)) {
    logger_.set_pattern("%v");
    logger_.flush_on(spdlog::level::info);
    // A full disk must not make the log write about itself without end.
    logger_.set_error_handler([](const std::string&) {});
  }
  void Write(std::string_view line) override {
    logger_.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  spdlog::logger logger_;
};

}  // namespace

struct Logger::Core {
  std::shared_ptr<Sink> sink;
  Options options;
  const Clock& clock;
};

std::string_view LevelName(Level level) {
  return kLevelNames[static_cast<size_t>(level)];
}

std::optional<Level> ParseLevel(std::string_view name) {
  for (size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

Result<Logger> Logger::Open(const Options& options, const Clock& clock) {
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
    return Logger(std::make_shared<SpdlogSink>(std::move(sink)), options, clock);
  } catch (const spdlog::spdlog_ex& error) {
    Status status = FailedPrecondition("LOG_FILE_UNUSABLE", error.what());
    status.With("file", options.file);
    return status;
  }
}

Logger::Logger(std::shared_ptr<Sink> sink, const Options& options, const Clock& clock)
    : core_(std::make_shared<const Core>(Core{std::move(sink), options, clock})) {}

Logger Logger::Silent() {
  return Logger(nullptr);
}

Logger Logger::With(Fields fields) const {
  Logger child = *this;
  if (core_ == nullptr) return child;
  for (const Field& field : fields) AppendField(child.inherited_, core_->options.format, field);
  return child;
}

bool Logger::Enabled(Level level) const {
  return core_ != nullptr && level >= core_->options.level;
}

void Logger::Log(Level level, Message message, Fields fields) const {
  if (!Enabled(level)) return;
  Format format = core_->options.format;
  std::string line = OpenLine(format, core_->clock.Now(), level, message);
  line += inherited_;
  AppendTrace(line, format, CurrentTraceContext());
  for (const Field& field : fields) AppendField(line, format, field);
  if (format == Format::kJson) line += '}';
  core_->sink->Write(line);
}

}  // namespace crm::log
