#include "libs/auth/tokens.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "libs/auth/grants.h"
#include "libs/auth/test_keys.h"
#include "libs/base/base64url.h"
#include "libs/testing/clock.h"

namespace crm::auth {
namespace {

using std::chrono::seconds;
using test::kMonday;

Principal Dana() {
  return {NamedUuid("test", "tenant"),
          "users/0190163d-8694-739b-aea5-966c26f8ad91",
          {"departments/0190163d-8694-739b-aea5-966c26f8ad92"},
          {{"lead", "get", Scope::kDepartment, "state != \"a:b,c\""},
           {"lead", "list", Scope::kDepartment, "state != \"a:b,c\""},
           {"task", "*", Scope::kOwn, ""}}};
}

std::string ReasonOf(const Result<VerifiedToken>& result) {
  return result.status().reason();
}

class TokensTest : public ::testing::Test {
 protected:
  std::string Signed(Audience audience = Audience::kAccess) {
    return keys_.signer().Sign(Dana(), audience, kMonday, seconds(60));
  }
  // The token with another header, or other claims, and its own signature.
  std::string Forged(const std::string& header_json, const std::string& claims_json) {
    std::string token = Signed();
    auto first = token.find('.'), last = token.rfind('.');
    return (header_json.empty() ? token.substr(0, first) : ToBase64Url(header_json)) + "." +
           (claims_json.empty() ? token.substr(first + 1, last - first - 1)
                                : ToBase64Url(claims_json)) +
           token.substr(last);
  }

  TestKeys keys_;
  TokenVerifier verifier_ = keys_.verifier();
};

TEST_F(TokensTest, CarriesThePrincipalWithItsGrants) {
  auto verified = verifier_.Verify(Signed(Audience::kInternal), kMonday);
  ASSERT_TRUE(verified.ok()) << verified.status().ToString();
  EXPECT_EQ(verified->principal.tenant, Dana().tenant);
  EXPECT_EQ(verified->principal.name, Dana().name);
  EXPECT_EQ(verified->principal.departments, Dana().departments);
  EXPECT_EQ(verified->principal.grants, Dana().grants);
  EXPECT_EQ(verified->audience, Audience::kInternal);
  EXPECT_EQ(verified->expire_time, kMonday + seconds(60));
}

TEST_F(TokensTest, IsGoodUntilItsEndAndHalfAMinuteForClocksThatDiffer) {
  EXPECT_TRUE(verifier_.Verify(Signed(), kMonday + seconds(90)).ok());
  EXPECT_EQ(ReasonOf(verifier_.Verify(Signed(), kMonday + seconds(91))), "TOKEN_EXPIRED");
  EXPECT_TRUE(verifier_.Verify(Signed(), kMonday - seconds(30)).ok());
  EXPECT_EQ(ReasonOf(verifier_.Verify(Signed(), kMonday - seconds(31))), "TOKEN_INVALID");
}

TEST_F(TokensTest, RefusesEveryAlgorithmButItsOwn) {
  std::string kid = *FromBase64Url(Signed().substr(0, Signed().find('.')));
  kid = kid.substr(kid.find("\"kid\""));  // "kid":"..."}
  EXPECT_EQ(
      ReasonOf(verifier_.Verify(Forged("{\"alg\":\"none\",\"typ\":\"JWT\"," + kid, ""), kMonday)),
      "TOKEN_INVALID");
  EXPECT_EQ(
      ReasonOf(verifier_.Verify(Forged("{\"alg\":\"HS256\",\"typ\":\"JWT\"," + kid, ""), kMonday)),
      "TOKEN_INVALID");
  std::string unsigned_token = Signed();
  unsigned_token.resize(unsigned_token.rfind('.') + 1);
  EXPECT_EQ(ReasonOf(verifier_.Verify(unsigned_token, kMonday)), "TOKEN_INVALID");
}

TEST_F(TokensTest, RefusesClaimsThatWereChanged) {
  std::string token = Signed();
  auto first = token.find('.'), last = token.rfind('.');
  std::string claims = *FromBase64Url(token.substr(first + 1, last - first - 1));
  ASSERT_NE(claims.find("task:*:o"), std::string::npos) << claims;
  claims.replace(claims.find("task:*:o"), 8, "task:*:a");
  EXPECT_EQ(ReasonOf(verifier_.Verify(Forged("", claims), kMonday)), "TOKEN_INVALID");
}

TEST_F(TokensTest, RefusesTheTokensOfAnotherKeyUntilThatIsAccepted) {
  TestKeys others;
  std::string token = others.signer().Sign(Dana(), Audience::kAccess, kMonday, seconds(60));
  EXPECT_EQ(ReasonOf(verifier_.Verify(token, kMonday)), "TOKEN_INVALID");
  auto both = TokenVerifier::FromFiles({keys_.public_file(), others.public_file()});
  ASSERT_TRUE(both.ok());
  EXPECT_TRUE(both->Verify(token, kMonday).ok());
  EXPECT_TRUE(both->Verify(Signed(), kMonday).ok());
}

TEST_F(TokensTest, RefusesWhatIsNoToken) {
  for (const char* text :
       {"", ".", "..", "a.b.c", "....", "\x01.\x02.\x03", "eyJhbGciOiJub25lIn0.e30."}) {
    EXPECT_EQ(ReasonOf(verifier_.Verify(text, kMonday)), "TOKEN_INVALID") << text;
  }
}

TEST_F(TokensTest, KeysAreForTheirOwnerAndNeverOverwritten) {
  struct stat mode {};
  ASSERT_EQ(::stat(keys_.private_file().c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777, 0600U);
  EXPECT_EQ(GenerateKeyPair(keys_.private_file(), keys_.public_file()).reason(), "FILE_EXISTS");
  EXPECT_TRUE(verifier_.Verify(Signed(), kMonday).ok());
  EXPECT_EQ(TokenSigner::FromFile(keys_.public_file()).status().reason(), "TOKEN_KEY_UNUSABLE");
}

TEST(Grants, OfATicketOnlyRead) {
  std::vector<Grant> grants{{"lead", "*", Scope::kOwn, "x"},
                            {"deal", "move", Scope::kAll, ""},
                            {"deal", "get", Scope::kAll, ""}};
  EXPECT_EQ(ReadingOnly(grants), (std::vector<Grant>{{"lead", "get", Scope::kOwn, "x"},
                                                     {"lead", "list", Scope::kOwn, "x"},
                                                     {"deal", "get", Scope::kAll, ""}}));
}

TEST(Grants, RefusesTextThatIsMalformed) {
  for (const char* text : {"", "lead", "lead:get", "lead:get:", "lead:get:x", "lead::a", ":get:a",
                           "lead:get,:a", "lead:get:ax"}) {
    EXPECT_FALSE(FromTexts({text})) << text;
  }
}

}  // namespace
}  // namespace crm::auth
