#include "libs/auth/authenticator.h"

#include <gtest/gtest.h>

#include "crm/identity/v1/auth_service.pb.h"
#include "libs/auth/api_keys.h"
#include "libs/auth/internal_calls.h"
#include "libs/auth/rate_limits.h"
#include "libs/auth/test_keys.h"
#include "libs/rpc/channels.h"
#include "libs/rpc/server.h"
#include "libs/testing/clock.h"

namespace crm::auth {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Uuid kTenant = NamedUuid("test", "tenant");

// identity's AuthService on a real server: knows one key, and answers WhoAmI with the caller's
// name.
class IdentityServer {
 public:
  IdentityServer(TokenSigner signer, TokenVerifier verifier, const Clock& clock)
      : signer_(std::move(signer)), verifier_(std::move(verifier)), clock_(clock) {
    auto exchange = [this](std::shared_ptr<rpc::ServerCall> call) { Exchange(*call); };
    auto who = [this](std::shared_ptr<rpc::ServerCall> call) { WhoAmI(*call); };
    auto none = [](std::shared_ptr<rpc::ServerCall> call) { call->Finish(Internal("not here")); };
    const auto* file = identity::v1::LoginRequest::descriptor()->file();
    rpc::ServiceBinding binding{file->FindServiceByName("AuthService"),
                                {{"Login", none},
                                 {"IssueStreamTicket", none},
                                 {"ExchangeApiKey", exchange},
                                 {"WhoAmI", who}}};
    server_ = std::move(rpc::RpcServer::Create({}, {binding}).value());
    server_->Start();
  }

  std::string address() const { return server_->address(); }
  void Stop() { server_->Drain(std::chrono::milliseconds(0)); }

  const std::string key = MakeApiKey({kTenant, NamedUuid("test", "key")});
  std::atomic<int> exchanges = 0;
  std::atomic<bool> revoked = false;

 private:
  void Exchange(rpc::ServerCall& call) {
    ++exchanges;
    identity::v1::ExchangeApiKeyRequest request;
    identity::v1::ExchangeApiKeyResponse response;
    request.ParseFromString(call.request());
    if (request.api_key() != key || revoked) {
      return call.Finish(Status(Code::kUnauthenticated, "KEY_UNKNOWN", "no such key"));
    }
    Principal principal{kTenant, "apiKeys/1", {}, {{"lead", "submit", Scope::kAll, ""}}};
    response.set_access_token(
        signer_.Sign(principal, Audience::kAccess, clock_.Now(), minutes(15)));
    call.Finish(response.SerializeAsString());
  }

  void WhoAmI(rpc::ServerCall& call) {
    auto header = call.metadata().find("authorization");
    auto verified = verifier_.Verify(header->second.substr(7), clock_.Now());
    if (!verified.ok()) return call.Finish(verified.status());
    identity::v1::WhoAmIResponse response;
    response.set_principal(verified->principal.name);
    response.set_display_name(verified->audience == Audience::kInternal ? "internal" : "other");
    call.Finish(response.SerializeAsString());
  }

  TokenSigner signer_;
  TokenVerifier verifier_;
  const Clock& clock_;
  std::unique_ptr<rpc::RpcServer> server_;
};

class AuthenticatorTest : public ::testing::Test {
 protected:
  std::string ReasonFor(const rpc::Metadata& metadata) {
    return authenticator_.Authenticate(metadata).status().reason();
  }
  rpc::Metadata WithKey() { return {{"x-api-key", identity_.key}}; }

  TestKeys keys_;
  ManualClock clock_{test::kMonday};
  IdentityServer identity_{keys_.signer(), keys_.verifier(), clock_};
  rpc::RoutedChannels channels_{{{"", identity_.address()}}};
  RemoteKeyExchange exchange_{channels_};
  CredentialAuthenticator authenticator_{keys_.verifier(), exchange_, clock_};
};

TEST_F(AuthenticatorTest, KnowsTheHolderOfATokenUntilItEnds) {
  Principal dana{kTenant, "users/dana", {}, {{"lead", "get", Scope::kOwn, ""}}};
  std::string token = keys_.signer().Sign(dana, Audience::kAccess, clock_.Now(), minutes(5));
  rpc::Metadata metadata{{"authorization", "bearer " + token}};
  auto known = authenticator_.Authenticate(metadata);
  ASSERT_TRUE(known.ok()) << known.status().ToString();
  EXPECT_EQ(known->name, "users/dana");
  EXPECT_EQ(known->grants, dana.grants);
  EXPECT_EQ(identity_.exchanges, 0);
  clock_.Advance(minutes(6));
  EXPECT_EQ(ReasonFor(metadata), "TOKEN_EXPIRED");
}

TEST_F(AuthenticatorTest, SaysWhatIsWrongWithTheCredentials) {
  EXPECT_EQ(ReasonFor({}), "NO_CREDENTIALS");
  EXPECT_EQ(ReasonFor({{"authorization", "Basic Zm9v"}}), "NO_CREDENTIALS");
  EXPECT_EQ(ReasonFor({{"authorization", "Bearer nonsense"}}), "TOKEN_INVALID");
  EXPECT_EQ(ReasonFor({{"x-api-key", "crm_nonsense"}}), "KEY_UNKNOWN");
  EXPECT_EQ(identity_.exchanges, 0) << "what is malformed is not asked about";
}

TEST_F(AuthenticatorTest, ExchangesAKeyOnceInHalfAMinute) {
  for (int i = 0; i < 3; ++i) {
    auto known = authenticator_.Authenticate(WithKey());
    ASSERT_TRUE(known.ok()) << known.status().ToString();
    EXPECT_EQ(known->tenant, kTenant);
    EXPECT_TRUE(known->Allows("lead", "submit"));
  }
  EXPECT_TRUE(authenticator_.Authenticate({{"authorization", "Bearer " + identity_.key}}).ok());
  EXPECT_EQ(identity_.exchanges, 1);
  identity_.revoked = true;
  clock_.Advance(seconds(30));
  EXPECT_TRUE(authenticator_.Authenticate(WithKey()).ok());
  clock_.Advance(seconds(1));
  EXPECT_EQ(ReasonFor(WithKey()), "KEY_UNKNOWN");
}

TEST_F(AuthenticatorTest, KnowsWithoutAskingOnlyWhatIsFresh) {
  EXPECT_FALSE(authenticator_.Known(WithKey()));
  EXPECT_FALSE(authenticator_.Known({})) << "what is missing is for Authenticate to say";
  ASSERT_TRUE(authenticator_.Authenticate(WithKey()).ok());
  auto known = authenticator_.Known(WithKey());
  ASSERT_TRUE(known && known->ok());
  EXPECT_EQ((*known)->name, "apiKeys/1");
  clock_.Advance(seconds(31));
  EXPECT_FALSE(authenticator_.Known(WithKey()));
  EXPECT_EQ(identity_.exchanges, 1);
}

TEST_F(AuthenticatorTest, AsksAboutABadKeyOnceInFiveSeconds) {
  rpc::Metadata unknown{{"x-api-key", MakeApiKey({kTenant, NamedUuid("test", "other")})}};
  EXPECT_EQ(ReasonFor(unknown), "KEY_UNKNOWN");
  EXPECT_EQ(ReasonFor(unknown), "KEY_UNKNOWN");
  EXPECT_EQ(identity_.exchanges, 1);
  clock_.Advance(seconds(6));
  EXPECT_EQ(ReasonFor(unknown), "KEY_UNKNOWN");
  EXPECT_EQ(identity_.exchanges, 2);
}

TEST_F(AuthenticatorTest, GoesOnWithAKnownKeyWhileIdentityIsAway) {
  ASSERT_TRUE(authenticator_.Authenticate(WithKey()).ok());
  identity_.Stop();
  clock_.Advance(minutes(10));
  EXPECT_TRUE(authenticator_.Authenticate(WithKey()).ok());
  clock_.Advance(minutes(6));
  EXPECT_EQ(ReasonFor(WithKey()), "IDENTITY_UNREACHABLE");
}

TEST_F(AuthenticatorTest, ServicesAskInTheNameOfTheirCaller) {
  InternalTokens tokens(keys_.signer(), clock_);
  InternalCaller caller(channels_, tokens);
  ChannelReader reader(caller);
  identity::v1::WhoAmIResponse response;
  auto status =
      reader.Read(Principal::System(kTenant, "leads"), "crm.identity.v1.AuthService/WhoAmI",
                  identity::v1::WhoAmIRequest(), response, {});
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(response.principal(), "system/leads");
  EXPECT_EQ(response.display_name(), "internal");
  identity::v1::LoginResponse login;
  EXPECT_EQ(reader
                .Read(Principal::System(kTenant, "leads"), "crm.identity.v1.AuthService/Login",
                      identity::v1::LoginRequest(), login, {})
                .code(),
            Code::kInternal);
}

TEST_F(AuthenticatorTest, GivesOneInternalTokenForHalfItsLife) {
  InternalTokens tokens(keys_.signer(), clock_);
  Principal dana{kTenant, "users/dana", {}, {}};
  std::string first = tokens.For(dana);
  clock_.Advance(seconds(29));
  EXPECT_EQ(tokens.For(dana), first);
  Principal promoted = dana;
  promoted.grants.push_back({"lead", "get", Scope::kAll, ""});
  EXPECT_NE(tokens.For(promoted), first);
  clock_.Advance(seconds(2));
  EXPECT_NE(tokens.For(dana), first);
}

TEST(RateLimits, CountsEachPrincipalByItself) {
  ManualClock clock(test::kMonday);
  redis::Client nowhere(redis::Options{});
  redis::RateLimiter limiter(nowhere, clock, {.rest = std::chrono::hours(1)});
  RateLimits limits(limiter, 1, 2);
  Principal dana{kTenant, "users/dana", {}, {}}, amir{kTenant, "users/amir", {}, {}};
  EXPECT_TRUE(limits.Admit(dana, "x").ok());
  EXPECT_TRUE(limits.Admit(dana, "y").ok());
  auto refused = limits.Admit(dana, "x");
  EXPECT_EQ(refused.reason(), "RATE_LIMITED");
  EXPECT_TRUE(refused.retry_after().has_value());
  EXPECT_TRUE(limits.Admit(amir, "x").ok());
  EXPECT_TRUE(limits.Admit(Principal::System(kTenant, "leads"), "x").ok());
  clock.Advance(seconds(1));
  EXPECT_TRUE(limits.Admit(dana, "x").ok());
}

}  // namespace
}  // namespace crm::auth
