#include "libs/entity/page_tokens.h"

#include <gtest/gtest.h>

#include "crm/testing/v1/exhibit.pb.h"
#include "crm/testing/v1/exhibit_events.pb.h"

namespace crm::entity {
namespace {

using testing::v1::Exhibit;

class PageTokensTest : public ::testing::Test {
 protected:
  RecordType type_{Exhibit::descriptor()};
  PageTokens tokens_ = *PageTokens::Create(std::string(32, 'k'));
  std::vector<OrderTerm> order_ = {{"display_name", false},
                                   {"year", true},
                                   {"fragile", false},
                                   {"loan_end_time", false},
                                   {"weight_grams", false}};
  ListPosition position_{
      {std::string("שלום"), int64_t{-7}, true, Time(Duration(1234567)), std::monostate()},
      *Uuid::Parse("0190163d-8694-739b-aea5-966c26f8ad91")};
};

TEST_F(PageTokensTest, GivesBackThePositionOfItsRequest) {
  std::string token = tokens_.Seal(position_, "list");
  auto opened = tokens_.Open(token, "list", type_, order_);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ(opened->values, position_.values);
  EXPECT_EQ(opened->id, position_.id);
  EXPECT_EQ(tokens_.Seal(position_, "list"), token);
}

TEST_F(PageTokensTest, ShowsNothingOfThePosition) {
  std::string token = tokens_.Seal(position_, "list");
  EXPECT_EQ(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  ListPosition next = position_;
  next.values[1] = int64_t{-8};
  // Not even that two positions are neighbours: nothing of the texts agrees but by chance.
  std::string other = tokens_.Seal(next, "list");
  size_t same = 0;
  for (size_t i = 0; i < token.size(); ++i) same += token[i] == other[i];
  EXPECT_LT(same, token.size() / 4);
}

TEST_F(PageTokensTest, RefusesAnyTokenThatItDidNotSealForTheRequest) {
  std::string token = tokens_.Seal(position_, "list");
  auto reason = [&](const std::string& text, const std::string& request = "list") {
    return tokens_.Open(text, request, type_, order_).status().reason();
  };
  EXPECT_EQ(reason(token, "another list"), "PAGE_TOKEN_INVALID");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_EQ(reason(changed), "PAGE_TOKEN_INVALID") << i;
  }
  for (size_t size : {size_t{0}, size_t{1}, token.size() / 2, token.size() - 3}) {
    EXPECT_EQ(reason(token.substr(0, size)), "PAGE_TOKEN_INVALID") << size;
  }
  EXPECT_EQ(reason(token + "AAAA"), "PAGE_TOKEN_INVALID");
  EXPECT_EQ(reason("not a token!"), "PAGE_TOKEN_INVALID");
  EXPECT_EQ(reason(std::string(1 << 20, 'A')), "PAGE_TOKEN_INVALID");
  PageTokens others = *PageTokens::Create(std::string(32, 'o'));
  EXPECT_EQ(reason(others.Seal(position_, "list")), "PAGE_TOKEN_INVALID");
}

TEST_F(PageTokensTest, RefusesAPositionThatDoesNotFitTheOrder) {
  std::string token = tokens_.Seal(position_, "list");
  auto reason = [&](std::vector<OrderTerm> order) {
    return tokens_.Open(token, "list", type_, order).status().reason();
  };
  order_.pop_back();
  EXPECT_EQ(reason(order_), "PAGE_TOKEN_INVALID");
  order_.push_back({"code", false});
  EXPECT_EQ(reason(order_), "");  // unset fits every field
  order_[0] = {"year", false};
  EXPECT_EQ(reason(order_), "PAGE_TOKEN_INVALID");
}

TEST_F(PageTokensTest, NeedsASecretOf32Bytes) {
  EXPECT_EQ(PageTokens::Create("short").status().reason(), "PAGE_KEY_INVALID");
}

}  // namespace
}  // namespace crm::entity
