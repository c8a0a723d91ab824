#include "libs/log/logger.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <fstream>
#include <limits>
#include <thread>
#include <type_traits>
#include <vector>

#include "libs/log/context.h"
#include "libs/log/line.h"

namespace crm::log {
namespace {

class MemorySink final : public Sink {
 public:
  void Write(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class LoggerTest : public testing::Test {
 protected:
  Logger Open(Options options = {}) { return Logger(sink_, options, clock_); }
  std::string Only() {
    EXPECT_EQ(sink_->lines.size(), 1u);
    return sink_->lines.empty() ? "" : sink_->lines.front();
  }

  ManualClock clock_{*ParseTime("2026-11-22T04:15:00.250Z")};
  std::shared_ptr<MemorySink> sink_ = std::make_shared<MemorySink>();
};

// A second reader than the writer's own eyes: protobuf's JSON parser.
google::protobuf::Struct ParseJson(const std::string& line) {
  google::protobuf::Struct parsed;
  auto status = google::protobuf::util::JsonStringToMessage(line, &parsed);
  EXPECT_TRUE(status.ok()) << line;
  return parsed;
}

TEST_F(LoggerTest, WritesOneJsonObjectWithTypedFields) {
  Status status = Unavailable("PG_CONNECTION_LOST", "user dana@example.com was refused");
  std::string topic = "crm.leads.v1";
  Open().Info("relay resumed", {{"cursor", 17},
                                {"bytes", uint64_t{18446744073709551615u}},
                                {"hot", true},
                                {"ratio", 0.1},
                                {"lag", std::chrono::microseconds(12500)},
                                {"since", clock_.Now()},
                                {"event", *Uuid::Parse("0190163d-8694-739b-aea5-966c26f8ad91")},
                                {"code", Code::kAborted},
                                {"cause", status},
                                {"kind", "push"},
                                {"topic", Safe(topic)}});
  EXPECT_EQ(
      Only(),
      R"({"time":"2026-11-22T04:15:00.250Z","level":"info","message":"relay resumed","cursor":17,)"
      R"("bytes":18446744073709551615,"hot":true,"ratio":0.1,"lag_ms":12.5,)"
      R"("since":"2026-11-22T04:15:00.250Z","event":"0190163d-8694-739b-aea5-966c26f8ad91",)"
      R"("code":"ABORTED","cause":"UNAVAILABLE PG_CONNECTION_LOST","kind":"push",)"
      R"("topic":"crm.leads.v1"})");
}

// The rule that keeps personal data out: text at run time has to be called Safe.
TEST_F(LoggerTest, TakesNoTextThatIsNeitherLiteralNorCalledSafe) {
  static_assert(!std::is_constructible_v<Value, std::string>);
  static_assert(!std::is_constructible_v<Value, std::string_view>);
  static_assert(!std::is_constructible_v<Message, std::string>);
  static_assert(!std::is_constructible_v<Key, std::string>);
  static_assert(!std::is_convertible_v<std::string, Safe>);
  static_assert(std::is_constructible_v<Value, Safe>);
  Status status = InvalidField("phone", "050-1234567 is not a number");
  Open().Warning("refused", {{"cause", status}});
  EXPECT_EQ(Only().find("050"), std::string::npos);
}

TEST_F(LoggerTest, DurationsAreMillisecondsAndSaySo) {
  Open().Info("done",
              {{"wait", std::chrono::seconds(2)}, {"run_ms", std::chrono::milliseconds(3)}});
  EXPECT_TRUE(Only().ends_with(R"("wait_ms":2000,"run_ms":3})")) << Only();
}

TEST_F(LoggerTest, LevelsBelowTheChosenOneAreNotWritten) {
  Logger log = Open({.level = Level::kWarning});
  log.Debug("a");
  log.Info("b");
  EXPECT_TRUE(sink_->lines.empty());
  EXPECT_FALSE(log.Enabled(Level::kInfo));
  log.Warning("c");
  log.Error("d");
  EXPECT_EQ(sink_->lines.size(), 2u);
}

TEST_F(LoggerTest, ChildrenAddTheirFieldsAndLeaveTheParentAlone) {
  Logger parent = Open();
  Logger child = parent.With({{"module", "leads"}}).With({{"worker", 3}});
  child.Info("up", {{"port", 1}});
  parent.Info("up");
  ASSERT_EQ(sink_->lines.size(), 2u);
  EXPECT_TRUE(sink_->lines[0].ends_with(R"("message":"up","module":"leads","worker":3,"port":1})"));
  EXPECT_TRUE(sink_->lines[1].ends_with(R"("message":"up"})"));
}

TEST_F(LoggerTest, EveryLineCarriesTheThreadsTraceWhileItsScopeLives) {
  TraceContext context;
  context.trace_id.fill(0xab);
  context.span_id.fill(0x01);
  Logger log = Open();
  {
    TraceScope scope(context);
    log.Info("inside", {{"n", 1}});
    std::thread([&] { log.Info("elsewhere"); }).join();
  }
  log.Info("outside");
  ASSERT_EQ(sink_->lines.size(), 3u);
  EXPECT_TRUE(sink_->lines[0].ends_with(
      R"("message":"inside","trace_id":"abababababababababababababababab",)"
      R"("span_id":"0101010101010101","n":1})"))
      << sink_->lines[0];
  EXPECT_EQ(sink_->lines[1].find("trace_id"), std::string::npos);
  EXPECT_EQ(sink_->lines[2].find("trace_id"), std::string::npos);
}

TEST_F(LoggerTest, ScopesNest) {
  TraceContext outer;
  outer.trace_id.fill(1);
  TraceContext inner;
  inner.trace_id.fill(2);
  TraceScope first(outer);
  {
    TraceScope second(inner);
    EXPECT_EQ(CurrentTraceContext(), inner);
  }
  EXPECT_EQ(CurrentTraceContext(), outer);
}

TEST_F(LoggerTest, StaysValidJsonWhateverTheTextHolds) {
  const std::string nasty[] = {
      "quote \" backslash \\ newline \n tab \t return \r",
      std::string("nul \0 bell \a del \x7f", 15),
      "שלום עולם",
      "\xff\xfe broken \xc3",
      "overlong \xc0\xaf surrogate \xed\xa0\x80 too high \xf4\x90\x80\x80",
      "emoji \xf0\x9f\x98\x80",
  };
  Logger log = Open();
  for (const auto& text : nasty) {
    log.Info("text", {{"text", Safe(text)}});
    std::string value = ParseJson(sink_->lines.back()).fields().at("text").string_value();
    EXPECT_FALSE(value.empty());
    EXPECT_EQ(sink_->lines.back().find('\n'), std::string::npos);
  }
  EXPECT_EQ(ParseJson(sink_->lines[0]).fields().at("text").string_value(), nasty[0]);
  EXPECT_EQ(ParseJson(sink_->lines[1]).fields().at("text").string_value(), nasty[1]);
  EXPECT_EQ(ParseJson(sink_->lines[2]).fields().at("text").string_value(), nasty[2]);
  EXPECT_EQ(ParseJson(sink_->lines[3]).fields().at("text").string_value(),
            "\uFFFD\uFFFD broken \uFFFD");
  EXPECT_EQ(ParseJson(sink_->lines[5]).fields().at("text").string_value(), nasty[5]);
}

TEST_F(LoggerTest, CutsLongTextAtACharacter) {
  std::string text = "x";
  while (text.size() < 10'000) text += "ש";
  Open().Info("text", {{"text", Safe(text)}});
  std::string value = ParseJson(Only()).fields().at("text").string_value();
  EXPECT_EQ(value, text.substr(0, 4095) + "…");
}

TEST_F(LoggerTest, WritesNumbersThatJsonDoesNotHaveAsNull) {
  Open().Info("x", {{"a", std::numeric_limits<double>::infinity()},
                    {"b", std::numeric_limits<double>::quiet_NaN()},
                    {"c", std::numeric_limits<int64_t>::min()}});
  EXPECT_TRUE(Only().ends_with(R"("a":null,"b":null,"c":-9223372036854775808})")) << Only();
}

TEST_F(LoggerTest, TextFormatReadsLikeASentence) {
  std::string path = "/a b";
  Open({.format = Format::kText})
      .With({{"module", "leads"}})
      .Error("relay stopped", {{"cursor", 17}, {"path", Safe(path)}, {"none", ""}});
  EXPECT_EQ(
      Only(),
      R"(2026-11-22T04:15:00.250Z ERROR relay stopped module=leads cursor=17 path="/a b" none="")");
}

TEST_F(LoggerTest, SilentWritesNothingAndIsDisabled) {
  Logger log = Logger::Silent().With({{"module", "leads"}});
  log.Error("nobody hears this");
  EXPECT_FALSE(log.Enabled(Level::kError));
}

TEST_F(LoggerTest, AppendsToAFileSoThatEveryLineIsThereAtOnce) {
  char folder[] = "/tmp/crm_log_test_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  std::string file = std::string(folder) + "/crm.log";
  for (int run = 0; run < 2; ++run) {
    auto log = Logger::Open({.file = file}, clock_);
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    log->Info("started", {{"run", run}});
    log->Debug("not this one");
    std::ifstream stream(file);
    std::string text((std::istreambuf_iterator<char>(stream)), {});
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), run + 1);
  }
  std::remove(file.c_str());
  auto unusable = Logger::Open({.file = std::string(folder)}, clock_);
  EXPECT_EQ(unusable.status().reason(), "LOG_FILE_UNUSABLE");
  std::remove(folder);
}

TEST_F(LoggerTest, WritesToStderr) {
  testing::internal::CaptureStderr();
  Logger::Open({}, clock_)->Info("hello");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "{\"time\":\"2026-11-22T04:15:00.250Z\",\"level\":\"info\",\"message\":\"hello\"}\n");
}

TEST(Level, NamesGoBothWays) {
  for (Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    EXPECT_EQ(ParseLevel(LevelName(level)), level);
  }
  EXPECT_FALSE(ParseLevel("INFO").has_value());
  EXPECT_FALSE(ParseLevel("").has_value());
}

}  // namespace
}  // namespace crm::log
