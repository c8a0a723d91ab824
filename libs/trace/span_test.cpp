#include "libs/trace/span.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crm::trace {
namespace {

class MemorySink final : public SpanSink {
 public:
  void Export(const SpanRecord& span) override { spans.push_back(span); }
  std::vector<SpanRecord> spans;
};

class LineSink final : public log::Sink {
 public:
  void Write(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class TracerTest : public testing::Test {
 protected:
  ManualClock clock_{*ParseTime("2026-11-22T04:15:00Z")};
  std::unique_ptr<IdGenerator> ids_ = MakeSeededIds(clock_, 1);
  MemorySink sink_;
};

TEST_F(TracerTest, ASpanIsExportedOnceWithItsTimesStatusAndAttributes) {
  Tracer tracer(*ids_, clock_, {.sink = &sink_});
  Span span = tracer.Start("GetLead", SpanKind::kServer);
  span.Set("rpc.system", "grpc");
  clock_.Advance(std::chrono::milliseconds(5));
  span.End(NotFound("leads/1"));
  span.End();
  ASSERT_EQ(sink_.spans.size(), 1u);
  const SpanRecord& record = sink_.spans[0];
  EXPECT_EQ(record.name, "GetLead");
  EXPECT_EQ(record.kind, SpanKind::kServer);
  EXPECT_EQ(record.end - record.start, std::chrono::milliseconds(5));
  EXPECT_EQ(record.code, Code::kNotFound);
  EXPECT_EQ(record.reason, "RESOURCE_NOT_FOUND");
  EXPECT_EQ(record.parent_span_id, decltype(record.parent_span_id){});
  ASSERT_EQ(record.attributes.size(), 1u);
  EXPECT_EQ(std::get<std::string>(record.attributes[0].second), "grpc");
}

TEST_F(TracerTest, TheThreadsContextIsTheParent) {
  Tracer tracer(*ids_, clock_, {.sink = &sink_});
  {
    Span parent = tracer.Start("GetLead", SpanKind::kServer);
    Scope scope(parent.context());
    Span child = tracer.Start("SELECT", SpanKind::kClient);
    EXPECT_EQ(child.context().trace_id, parent.context().trace_id);
  }
  ASSERT_EQ(sink_.spans.size(), 2u);
  EXPECT_EQ(sink_.spans[0].name, "SELECT");
  EXPECT_EQ(sink_.spans[0].parent_span_id, sink_.spans[1].context.span_id);
}

TEST_F(TracerTest, AMovedSpanEndsOnce) {
  Tracer tracer(*ids_, clock_, {.sink = &sink_});
  {
    Span first = tracer.Start("GetLead", SpanKind::kServer);
    Span second = std::move(first);
  }
  EXPECT_EQ(sink_.spans.size(), 1u);
}

TEST_F(TracerTest, HandsIdsOnEvenWhereNothingIsExported) {
  Tracer tracer(*ids_, clock_);
  auto parent = *ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  Span span = tracer.Start("GetLead", SpanKind::kServer, parent);
  EXPECT_EQ(span.context().trace_id, parent.trace_id);
  EXPECT_NE(span.context().span_id, parent.span_id);
}

TEST_F(TracerTest, ATraceFromOutsideKeepsItsDecision) {
  Tracer all(*ids_, clock_, {.sink = &sink_, .sample_ratio = 1.0});
  Tracer none(*ids_, clock_, {.sink = &sink_, .sample_ratio = 0.0});
  auto sampled = *ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  auto unsampled = *ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  all.Start("a", SpanKind::kServer, unsampled).End();
  EXPECT_TRUE(sink_.spans.empty());
  none.Start("b", SpanKind::kServer, sampled).End();
  EXPECT_EQ(sink_.spans.size(), 1u);
}

TEST_F(TracerTest, SamplesNewTracesInTheGivenRatio) {
  Tracer tracer(*ids_, clock_, {.sink = &sink_, .sample_ratio = 0.25});
  for (int i = 0; i < 4000; ++i) tracer.Start("a", SpanKind::kServer).End();
  EXPECT_NEAR(static_cast<double>(sink_.spans.size()), 1000, 150);
}

TEST_F(TracerTest, TheLogSinkWritesALineThatBelongsToTheSpan) {
  auto lines = std::make_shared<LineSink>();
  LogSpanSink sink(log::Logger(lines, {}, clock_));
  Tracer tracer(*ids_, clock_, {.sink = &sink});
  auto parent = *ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  Span span = tracer.Start("GetLead", SpanKind::kServer, parent);
  clock_.Advance(std::chrono::milliseconds(5));
  span.End(NotFound("leads/1"));
  ASSERT_EQ(lines->lines.size(), 1u);
  std::string ids = FormatTraceparent(span.context());
  EXPECT_EQ(lines->lines[0],
            R"({"time":"2026-11-22T04:15:00.005Z","level":"info","message":"span",)"
            R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":")" +
                ids.substr(36, 16) +
                R"(","name":"GetLead","kind":"server","parent_span_id":"00f067aa0ba902b7",)"
                R"("start":"2026-11-22T04:15:00Z","duration_ms":5,"code":"NOT_FOUND",)"
                R"("reason":"RESOURCE_NOT_FOUND"})");
}

}  // namespace
}  // namespace crm::trace
