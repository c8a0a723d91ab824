#include "libs/base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace crm {
namespace {

TEST(Status, IsOkUntilItSaysOtherwise) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status::Ok().ToString(), "OK");
  EXPECT_FALSE(Internal("broken").ok());
}

TEST(Status, CodesAreNamedAsGoogleRpcNamesThem) {
  EXPECT_EQ(CodeName(Code::kOk), "OK");
  EXPECT_EQ(CodeName(Code::kInvalidArgument), "INVALID_ARGUMENT");
  EXPECT_EQ(CodeName(Code::kDataLoss), "DATA_LOSS");
  EXPECT_EQ(CodeName(Code::kUnauthenticated), "UNAUTHENTICATED");
  EXPECT_EQ(CodeName(static_cast<Code>(99)), "UNKNOWN");
}

TEST(Status, IsBuiltInOneExpressionAndPrintsAllOfIt) {
  Status status = FailedPrecondition("STAGE_GUARD", "The deal cannot move.");
  status.Requires("STAGE_GUARD", "deals/1", "needs an amount")
      .Violates("deal.amount", "is unset")
      .With("stage", "won")
      .RetryAfter(std::chrono::seconds(2));
  EXPECT_EQ(status.ToString(),
            "FAILED_PRECONDITION STAGE_GUARD: The deal cannot move. [deal.amount: is unset] "
            "[STAGE_GUARD deals/1: needs an amount]");
  EXPECT_EQ(status.metadata().at("stage"), "won");
  EXPECT_EQ(status.retry_after(), std::chrono::seconds(2));
}

TEST(Status, ComparesByAllItCarries) {
  Status status = InvalidArgument("BAD", "bad");
  Status other = status;
  EXPECT_EQ(status, other);
  other.With("key", "value");
  EXPECT_NE(status, other);
}

TEST(InvalidField, NamesTheFieldInMessageMetadataAndViolation) {
  Status status = InvalidField("lead.name", "must not be empty");
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.reason(), "INVALID_FIELD");
  EXPECT_EQ(status.message(), "lead.name: must not be empty");
  EXPECT_EQ(status.metadata().at("field"), "lead.name");
  EXPECT_EQ(status.field_violations(),
            (std::vector<FieldViolation>{{"lead.name", "must not be empty"}}));
}

TEST(Unavailable, TellsWhenToRetry) {
  EXPECT_TRUE(Unavailable("PG_CONNECTION_LOST", "again").retry_after().has_value());
  EXPECT_FALSE(NotFound("leads/1").retry_after().has_value());
  EXPECT_EQ(NotFound("leads/1").metadata().at("name"), "leads/1");
}

TEST(Result, HoldsAValueOrTheReasonWhyNot) {
  Result<int> number = 7;
  EXPECT_TRUE(number.ok());
  EXPECT_TRUE(number.status().ok());
  EXPECT_EQ(*number, 7);
  Result<int> failure = NotFound("leads/1");
  EXPECT_FALSE(failure);
  EXPECT_EQ(failure.status(), NotFound("leads/1"));
  EXPECT_THROW(failure.value(), std::bad_variant_access);
}

TEST(Result, MovesOutWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(3);
  std::unique_ptr<int> owned = std::move(made).value();
  EXPECT_EQ(*owned, 3);
}

TEST(ResultDeathTest, RefusesAnOkStatusWithoutAValue) {
  EXPECT_DEATH(static_cast<void>(Result<int>{Status::Ok()}), "");
}

}  // namespace
}  // namespace crm
