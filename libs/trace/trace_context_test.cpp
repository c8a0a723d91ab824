#include "libs/trace/trace_context.h"

#include <gtest/gtest.h>

#include <set>

namespace crm::trace {
namespace {

constexpr std::string_view kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string With(size_t position, std::string_view replacement) {
  std::string text(kExample);
  return text.replace(position, replacement.size(), replacement);
}

TEST(Traceparent, IsReadAndWrittenAsTheStandardSays) {
  auto context = ParseTraceparent(kExample);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id[0], 0x4b);
  EXPECT_EQ(context->trace_id[15], 0x36);
  EXPECT_EQ(context->span_id[7], 0xb7);
  EXPECT_TRUE(context->sampled());
  EXPECT_EQ(FormatTraceparent(*context), kExample);
}

TEST(Traceparent, KeepsFlagsThatWeDoNotKnow) {
  auto context = ParseTraceparent(With(53, "fe"));
  ASSERT_TRUE(context.has_value());
  EXPECT_FALSE(context->sampled());
  EXPECT_EQ(FormatTraceparent(*context), With(53, "fe"));
}

TEST(Traceparent, ReadsWhatItKnowsOfAHigherVersion) {
  auto plain = ParseTraceparent(kExample);
  EXPECT_EQ(ParseTraceparent(With(0, "cc")), plain);
  EXPECT_EQ(ParseTraceparent(With(0, "cc") + "-what-the-future-brings"), plain);
  EXPECT_FALSE(ParseTraceparent(With(0, "cc") + ".future").has_value());
}

TEST(Traceparent, RefusesEverythingElse) {
  const std::string bad[] = {
      "",
      "00",
      With(0, "ff"),                                // the invalid version
      With(0, "0x"),                                // not hex
      With(3, "4BF9"),                              // upper case
      With(3, "00000000000000000000000000000000"),  // no trace
      With(36, "0000000000000000"),                 // no span
      With(36, "00f067aa0ba902bg"),
      With(53, "0g"),
      With(2, "_"),
      With(35, "_"),
      With(52, "_"),
      std::string(kExample) + "-more",  // version 00 ends with its flags
      std::string(kExample) + "0",
      std::string(kExample.substr(0, 54)),
      " " + std::string(kExample),
  };
  for (const auto& text : bad) EXPECT_FALSE(ParseTraceparent(text).has_value()) << text;
}

class Contexts : public testing::Test {
 protected:
  ManualClock clock_{*ParseTime("2026-11-22T04:15:00Z")};
  std::unique_ptr<IdGenerator> ids_ = MakeSeededIds(clock_, 1);
};

TEST_F(Contexts, ANewTraceIsValidAndItsChildrenShareItsIdAndFlags) {
  for (bool sampled : {true, false}) {
    TraceContext root = NewTrace(*ids_, sampled);
    EXPECT_TRUE(root.valid());
    EXPECT_EQ(root.sampled(), sampled);
    EXPECT_EQ(ParseTraceparent(FormatTraceparent(root)), root);
    TraceContext child = ChildOf(root, *ids_);
    EXPECT_EQ(child.trace_id, root.trace_id);
    EXPECT_EQ(child.flags, root.flags);
    EXPECT_NE(child.span_id, root.span_id);
  }
}

TEST_F(Contexts, IdsDoNotRepeat) {
  std::set<std::string> seen;
  TraceContext context = NewTrace(*ids_, true);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(FormatTraceparent(context)).second);
    context = i % 2 == 0 ? ChildOf(context, *ids_) : NewTrace(*ids_, true);
  }
}

TEST_F(Contexts, ATaskCarriesItsContextToAnotherThread) {
  TraceContext context = NewTrace(*ids_, true);
  ThreadPool pool(1, 10);
  TraceContext plain;
  TraceContext carried;
  {
    Scope scope(context);
    ASSERT_TRUE(pool.Post(Carry([&] { carried = Current(); })));
    ASSERT_TRUE(pool.Post([&] { plain = Current(); }));
  }
  pool.Stop();
  EXPECT_EQ(carried, context);
  EXPECT_FALSE(plain.valid());
  EXPECT_FALSE(Current().valid());
}

}  // namespace
}  // namespace crm::trace
