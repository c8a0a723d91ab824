// identity through its own methods, as its callers see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crm/identity/v1/absence_service.pb.h"
#include "crm/identity/v1/api_key_service.pb.h"
#include "crm/identity/v1/auth_service.pb.h"
#include "crm/identity/v1/department_service.pb.h"
#include "crm/identity/v1/identity_events.pb.h"
#include "crm/identity/v1/role_service.pb.h"
#include "crm/identity/v1/user_service.pb.h"
#include "libs/auth/authenticator.h"
#include "libs/auth/test_keys.h"
#include "libs/command/timestamps.h"
#include "libs/testing/call_harness.h"
#include "services/identity/bootstrap.h"
#include "services/identity/module.h"
#include "services/identity/permissions.h"
#include "services/identity/tenants.h"

namespace crm::identity {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::CallHarness;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr char kPassword[] = "correct horse";

class IdentityTest : public ::testing::Test {
 protected:
  IdentityTest() {
    identity_.Bind(Methods(identity_.types(), {.page_tokens = &tokens_}, secrets_));
  }

  template <class Response>
  Response Must(const char* method, const google::protobuf::Message& request) {
    auto response = identity_.Call<Response>(method, request);
    EXPECT_TRUE(response.ok()) << method << ": " << response.status().ToString();
    return response.ok() ? *response : Response();
  }
  template <class Response>
  std::string ReasonOf(const char* method, const google::protobuf::Message& request) {
    return identity_.Call<Response>(method, request).status().reason();
  }
  template <class Response>
  std::string ReasonOf(const char* method, const google::protobuf::Message& request,
                       const Principal& as) {
    return identity_.Call<Response>(method, request, as).status().reason();
  }

  v1::Department ADepartment(const std::string& display_name, const std::string& head = "") {
    v1::CreateDepartmentRequest request;
    request.mutable_department()->set_display_name(display_name);
    request.mutable_department()->set_head(head);
    return Must<v1::Department>("CreateDepartment", request);
  }
  v1::Role ARole(v1::Role role) {
    v1::CreateRoleRequest request;
    *request.mutable_role() = std::move(role);
    return Must<v1::Role>("CreateRole", request);
  }
  v1::User AUser(const std::string& email, const std::string& department = "",
                 const std::vector<std::string>& roles = {}) {
    v1::CreateUserRequest request;
    request.mutable_user()->set_display_name(email);
    request.mutable_user()->set_email(email);
    request.mutable_user()->set_department(department);
    for (const auto& role : roles) request.mutable_user()->add_roles(role);
    auto user = Must<v1::User>("CreateUser", request);
    v1::SetPasswordRequest password;
    password.set_name(user.name());
    password.set_password(kPassword);
    Must<v1::SetPasswordResponse>("SetPassword", password);
    return user;
  }
  v1::LoginRequest LoginOf(const std::string& email, const std::string& password = kPassword) {
    v1::LoginRequest request;
    request.set_tenant(identity_.tenant().ToString());
    request.set_email(email);
    request.set_password(password);
    return request;
  }
  v1::CreateApiKeyResponse AKey(const std::vector<std::string>& roles = {}) {
    v1::CreateApiKeyRequest request;
    request.mutable_api_key()->set_display_name("robot");
    for (const auto& role : roles) request.mutable_api_key()->add_roles(role);
    return Must<v1::CreateApiKeyResponse>("CreateApiKey", request);
  }
  v1::ExchangeApiKeyRequest ExchangeOf(const std::string& secret) {
    v1::ExchangeApiKeyRequest request;
    request.set_api_key(secret);
    return request;
  }
  Principal HolderOf(const std::string& token) {
    auto verified = keys_.verifier().Verify(token, identity_.clock().Now());
    EXPECT_TRUE(verified.ok()) << verified.status().ToString();
    return verified.ok() ? verified->principal : Principal();
  }
  std::vector<std::string> AvailableAt(Time time, const std::string& department) {
    v1::ListAvailableUsersRequest request;
    request.set_department(department);
    *request.mutable_time() = ToTimestamp(time);
    std::vector<std::string> names;
    auto response = Must<v1::ListAvailableUsersResponse>("ListAvailableUsers", request);
    for (const auto& user : response.users()) {
      names.push_back(user.display_name());
    }
    return names;
  }
  void Away(const v1::User& user, Time start, std::optional<Time> end) {
    v1::CreateAbsenceRequest request;
    auto& absence = *request.mutable_absence();
    absence.set_user(user.name());
    *absence.mutable_start_time() = ToTimestamp(start);
    if (end) *absence.mutable_end_time() = ToTimestamp(*end);
    Must<v1::Absence>("CreateAbsence", request);
  }

  entity::PageTokens tokens_ = *entity::PageTokens::Create(std::string(32, 'k'));
  auth::TestKeys keys_;
  std::shared_ptr<const Secrets> secrets_ = std::make_shared<Secrets>(
      Secrets{keys_.signer(), auth::ApiKeyHasher::Create(std::string(32, 'p')).value(),
              std::chrono::minutes(15)});
  CallHarness identity_{Records()};
};

TEST_F(IdentityTest, LogsAPersonInWithTheRightsOfTheirRoles) {
  auto sales = ADepartment("Sales");
  auto user =
      AUser("Dana@Example.com", sales.name(), {ARole(StandardRole(v1::Role::MANAGER)).name()});
  auto headed = ADepartment("Service", user.name());
  auto login = Must<v1::LoginResponse>("Login", LoginOf(" dana@example.COM "));
  EXPECT_EQ(login.user(), user.name());
  Principal dana = HolderOf(login.access_token());
  EXPECT_EQ(dana.tenant, identity_.tenant());
  EXPECT_EQ(dana.name, user.name());
  EXPECT_THAT(dana.departments, ElementsAre(sales.name(), headed.name()));
  EXPECT_THAT(dana.grants, ::testing::Contains(Grant{"lead", "*", Scope::kDepartment, ""}));
  EXPECT_FALSE(dana.Allows("role", "update"));
  EXPECT_EQ(login.expire_time().seconds() - 15 * 60,
            std::chrono::duration_cast<seconds>(test::kMonday.time_since_epoch()).count());
}

TEST_F(IdentityTest, RefusesEveryWrongLoginInTheSameWords) {
  AUser("dana@example.com");
  auto wrong =
      identity_.Call<v1::LoginResponse>("Login", LoginOf("dana@example.com", "wrong horse"));
  auto unknown = identity_.Call<v1::LoginResponse>("Login", LoginOf("nobody@example.com"));
  auto elsewhere = LoginOf("dana@example.com");
  elsewhere.set_tenant("another-company");
  EXPECT_EQ(wrong.status().reason(), "LOGIN_REFUSED");
  EXPECT_EQ(unknown.status(), wrong.status());
  EXPECT_EQ(identity_.Call<v1::LoginResponse>("Login", elsewhere).status(), wrong.status());
}

TEST_F(IdentityTest, ThrottlesWhoGuesses) {
  AUser("dana@example.com");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(ReasonOf<v1::LoginResponse>("Login", LoginOf("dana@example.com", "wrong")),
              "LOGIN_REFUSED");
  }
  EXPECT_EQ(ReasonOf<v1::LoginResponse>("Login", LoginOf("dana@example.com")), "LOGIN_THROTTLED");
  identity_.clock().Advance(minutes(5));
  EXPECT_TRUE(identity_.Call<v1::LoginResponse>("Login", LoginOf("dana@example.com")).ok());
}

TEST_F(IdentityTest, KeepsPasswordsAndKeysOutOfTheLog) {
  AUser("dana@example.com");
  auto key = AKey();
  for (const auto& row : identity_.Log()) {
    EXPECT_EQ(row.body().find("argon2"), std::string::npos) << row.type();
    EXPECT_EQ(row.body().find(key.secret().substr(60)), std::string::npos) << row.type();
  }
}

TEST_F(IdentityTest, C12DismissedPeopleCannotLogInUntilTheyAreReinstated) {
  auto dana = AUser("dana@example.com"), amir = AUser("amir@example.com");
  v1::DismissUserRequest request;
  request.set_name(dana.name());
  request.set_successor(dana.name());
  EXPECT_EQ(ReasonOf<v1::User>("DismissUser", request), "SUCCESSOR_UNFIT");
  request.set_successor(amir.name());
  EXPECT_EQ(Must<v1::User>("DismissUser", request).state(), v1::User::DISMISSED);
  EXPECT_EQ(ReasonOf<v1::User>("DismissUser", request), "USER_DISMISSED");
  v1::UserEvent event;
  ASSERT_TRUE(event.ParseFromString(identity_.Log().back().body()));
  EXPECT_EQ(event.dismissed().successor(), amir.name());
  EXPECT_EQ(ReasonOf<v1::LoginResponse>("Login", LoginOf("dana@example.com")), "LOGIN_REFUSED");
  v1::ReinstateUserRequest back;
  back.set_name(dana.name());
  EXPECT_EQ(Must<v1::User>("ReinstateUser", back).state(), v1::User::ACTIVE);
  EXPECT_TRUE(identity_.Call<v1::LoginResponse>("Login", LoginOf("dana@example.com")).ok());
}

TEST_F(IdentityTest, ExchangesAKeyUntilItIsRevoked) {
  auto key = AKey({ARole(StandardRole(v1::Role::FORM)).name()});
  EXPECT_EQ(key.api_key().prefix(), key.secret().substr(4, 8));
  auto token = Must<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(key.secret()));
  Principal robot = HolderOf(token.access_token());
  EXPECT_EQ(robot.name, key.api_key().name());
  EXPECT_TRUE(robot.Allows("lead", "submit"));
  EXPECT_FALSE(robot.Allows("lead", "get"));
  std::string changed = key.secret();
  changed[70] = changed[70] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ReasonOf<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(changed)),
            "KEY_UNKNOWN");
  v1::RevokeApiKeyRequest revoke;
  revoke.set_name(key.api_key().name());
  EXPECT_EQ(Must<v1::ApiKey>("RevokeApiKey", revoke).state(), v1::ApiKey::REVOKED);
  EXPECT_EQ(ReasonOf<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(key.secret())),
            "KEY_UNKNOWN");
}

TEST_F(IdentityTest, ShowsTheLastUseOfAKeyToTheMinuteWithoutHistory) {
  auto key = AKey();
  auto rows = identity_.Log().size();
  v1::GetApiKeyRequest get;
  get.set_name(key.api_key().name());
  EXPECT_FALSE(Must<v1::ApiKey>("GetApiKey", get).has_last_use_time());
  for (int i = 0; i < 3; ++i) {
    identity_.clock().Advance(seconds(25));
    Must<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(key.secret()));
  }
  auto seconds_of = [](Time time) {
    return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
  };
  EXPECT_EQ(Must<v1::ApiKey>("GetApiKey", get).last_use_time().seconds(),
            seconds_of(test::kMonday + seconds(25)));
  identity_.clock().Advance(seconds(10));
  Must<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(key.secret()));
  auto page = Must<v1::ListApiKeysResponse>("ListApiKeys", v1::ListApiKeysRequest());
  ASSERT_EQ(page.api_keys_size(), 1);
  EXPECT_EQ(page.api_keys(0).last_use_time().seconds(), seconds_of(test::kMonday + seconds(85)));
  EXPECT_EQ(identity_.Log().size(), rows);
}

using I05 = IdentityTest;

TEST_F(IdentityTest, EndsAKeyAndItsTokensAtTheKeysExpiry) {
  v1::CreateApiKeyRequest request;
  request.mutable_api_key()->set_display_name("short");
  auto expiry = test::kMonday + minutes(5);
  *request.mutable_api_key()->mutable_expire_time() = ToTimestamp(expiry);
  auto key = Must<v1::CreateApiKeyResponse>("CreateApiKey", request);
  auto token = Must<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(key.secret()));
  EXPECT_EQ(token.expire_time().seconds(), key.api_key().expire_time().seconds());
  identity_.clock().Advance(minutes(5));
  EXPECT_EQ(ReasonOf<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(key.secret())),
            "KEY_UNKNOWN");
}

TEST_F(IdentityTest, LetsOnlyThoseGiveRightsWhoMayAssignRoles) {
  auto role = ARole(StandardRole(v1::Role::ADMINISTRATOR));
  auto user = AUser("dana@example.com");
  v1::UpdateUserRequest update;
  *update.mutable_user() = user;
  update.mutable_user()->add_roles(role.name());
  update.mutable_user()->clear_etag();
  update.mutable_update_mask()->add_paths("roles");
  Principal clerk = identity_.User("user.*");
  clerk.grants.push_back({"apiKey", "*", Scope::kAll, ""});
  clerk.grants.push_back({"role", "get", Scope::kAll, ""});
  EXPECT_EQ(ReasonOf<v1::User>("UpdateUser", update, clerk), "PERMISSION_DENIED");
  v1::CreateApiKeyRequest key;
  key.mutable_api_key()->set_display_name("mine");
  key.mutable_api_key()->add_roles(role.name());
  EXPECT_EQ(ReasonOf<v1::CreateApiKeyResponse>("CreateApiKey", key, clerk), "PERMISSION_DENIED");
  EXPECT_EQ(Must<v1::User>("UpdateUser", update).roles_size(), 1);
}

TEST_F(IdentityTest, RefusesRolesThatCannotBeUnderstood) {
  v1::CreateRoleRequest request;
  *request.mutable_role() = StandardRole(v1::Role::AGENT);
  auto& first = *request.mutable_role()->add_permissions();
  first.add_actions("get");
  first.set_scope(v1::Permission::ALL);
  first.set_object("lead:x");
  EXPECT_EQ(ReasonOf<v1::Role>("CreateRole", request), "INVALID_FIELD");
  first.set_object("lead");
  first.set_condition("state = ");
  EXPECT_EQ(ReasonOf<v1::Role>("CreateRole", request), "INVALID_FIELD");
  first.set_condition("state = NEW");
  EXPECT_TRUE(identity_.Call<v1::Role>("CreateRole", request).ok());
}

// A role as tenants had it before roles had a standard: a copy, and at first without meetings.
v1::Role OldCopy(v1::Role::Standard standard) {
  v1::Role role;
  role.set_display_name("Sales");
  for (const auto& permission : PermissionsOf(standard)) {
    if (permission.object() != "meeting") *role.add_permissions() = permission;
  }
  return role;
}

TEST_F(I05, StandardRolesFollowTheProductAlsoInOldTenantsAndEditedOnesDoNot) {
  auto may_meet = [&](const char* email) {
    return HolderOf(Must<v1::LoginResponse>("Login", LoginOf(email)).access_token())
        .Allows("meeting", "create");
  };
  AUser("new@example.com", "", {ARole(StandardRole(v1::Role::AGENT)).name()});
  EXPECT_TRUE(may_meet("new@example.com"));
  v1::Role old = ARole(OldCopy(v1::Role::AGENT));
  AUser("old@example.com", "", {old.name()});
  EXPECT_TRUE(may_meet("old@example.com"));

  identity_.clock().Advance(minutes(1));
  v1::UpdateRoleRequest edit;
  edit.mutable_role()->set_name(old.name());
  edit.mutable_role()->set_display_name("Ours");
  edit.mutable_update_mask()->add_paths("display_name");
  Must<v1::Role>("UpdateRole", edit);
  EXPECT_FALSE(may_meet("old@example.com")) << "an administrator's edits stay as they are";

  v1::Role own = OldCopy(v1::Role::MANAGER);
  own.mutable_permissions()->RemoveLast();
  own.set_display_name("Less than a copy");
  AUser("own@example.com", "", {ARole(own).name()});
  EXPECT_FALSE(may_meet("own@example.com")) << "never was the standard";
}

TEST_F(IdentityTest, SaysWhoTheCallerIsAndWhatTheyMayDo) {
  auto user = AUser("dana@example.com", "", {ARole(StandardRole(v1::Role::FORM)).name()});
  Principal dana =
      HolderOf(Must<v1::LoginResponse>("Login", LoginOf("dana@example.com")).access_token());
  auto who = identity_.Call<v1::WhoAmIResponse>("WhoAmI", v1::WhoAmIRequest(), dana);
  ASSERT_TRUE(who.ok()) << who.status().ToString();
  EXPECT_EQ(who->principal(), user.name());
  EXPECT_EQ(who->display_name(), "dana@example.com");
  EXPECT_EQ(who->tenant(), "tenants/" + identity_.tenant().ToString());
  ASSERT_GE(who->permissions_size(), 1);
  EXPECT_EQ(who->permissions(0).object(), "lead");
  EXPECT_THAT(who->permissions(0).actions(), ElementsAre("submit"));
}

TEST_F(IdentityTest, StreamTicketsReadOnlyAndGetNoOther) {
  AUser("dana@example.com", "", {ARole(StandardRole(v1::Role::ADMINISTRATOR)).name()});
  Principal dana =
      HolderOf(Must<v1::LoginResponse>("Login", LoginOf("dana@example.com")).access_token());
  auto issued = identity_.Call<v1::IssueStreamTicketResponse>("IssueStreamTicket",
                                                              v1::IssueStreamTicketRequest(), dana);
  ASSERT_TRUE(issued.ok()) << issued.status().ToString();
  Principal reader = HolderOf(issued->ticket());
  EXPECT_TRUE(reader.Allows("lead", "get"));
  EXPECT_FALSE(reader.Allows("lead", "update"));
  EXPECT_EQ(ReasonOf<v1::IssueStreamTicketResponse>("IssueStreamTicket",
                                                    v1::IssueStreamTicketRequest(), reader),
            "PERMISSION_DENIED");
}

TEST_F(IdentityTest, L07ListsWhoCanTakeWorkAtAMoment) {
  auto sales = ADepartment("Sales"), service = ADepartment("Service");
  auto dana = AUser("dana@x.com", sales.name()), amir = AUser("amir@x.com", sales.name());
  auto lea = AUser("lea@x.com", sales.name()), gone = AUser("gone@x.com", sales.name());
  AUser("other@x.com", service.name());
  v1::DismissUserRequest dismiss;
  dismiss.set_name(gone.name());
  Must<v1::User>("DismissUser", dismiss);
  Time noon = test::kMonday + hours(3);
  Away(dana, noon, noon + hours(1));
  Away(lea, noon + minutes(30), std::nullopt);
  EXPECT_THAT(AvailableAt(noon - minutes(1), sales.name()),
              UnorderedElementsAre("dana@x.com", "amir@x.com", "lea@x.com"));
  EXPECT_THAT(AvailableAt(noon, sales.name()), UnorderedElementsAre("amir@x.com", "lea@x.com"));
  EXPECT_THAT(AvailableAt(noon + hours(1), sales.name()),
              UnorderedElementsAre("dana@x.com", "amir@x.com"));
  EXPECT_THAT(AvailableAt(noon, service.name()), ElementsAre("other@x.com"));
}

TEST_F(IdentityTest, BootstrapsATenantOnceWithKeysThatWork) {
  NewTenant wanted{"Window Shop", "Owner@Example.com", "", kPassword};
  BootstrappedTenant made;
  auto bootstrap = [&](Call& call) {
    auto result = BootstrapTenant(call, wanted, secrets_->hasher);
    if (result.ok()) made = *result;
    return result.status();
  };
  auto status = identity_.Run(bootstrap);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(made.short_name, "window-shop");
  auto login = Must<v1::LoginResponse>("Login", LoginOf("owner@example.com"));
  EXPECT_TRUE(HolderOf(login.access_token()).Allows("anything", "at_all"));
  auto key = Must<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(made.admin_key));
  EXPECT_TRUE(HolderOf(key.access_token()).Allows("anything", "at_all"));
  auto form = Must<v1::ExchangeApiKeyResponse>("ExchangeApiKey", ExchangeOf(made.form_key));
  EXPECT_TRUE(HolderOf(form.access_token()).Allows("lead", "submit"));
  EXPECT_FALSE(HolderOf(form.access_token()).Allows("lead", "get"));
  auto rows = identity_.Log().size();
  EXPECT_EQ(identity_.Run(bootstrap).reason(), "TENANT_EXISTS");
  EXPECT_EQ(identity_.Log().size(), rows);
}

TEST(Tenants, HaveIdsThatFollowFromTheirShortNames) {
  EXPECT_EQ(ShortName("  Window Shop, Ltd. "), "window-shop-ltd");
  EXPECT_EQ(ShortName("חלונות וזהו"), "חלונות-וזהו");
  Uuid id = TenantIdOf("window-shop-ltd");
  EXPECT_EQ(TenantIdOf("Window Shop Ltd"), id);
  EXPECT_EQ(TenantIdOf("tenants/" + id.ToString()), id);
  EXPECT_EQ(TenantIdOf(id.ToString()), id);
}

}  // namespace
}  // namespace crm::identity
