#include <gtest/gtest.h>

#include "libs/auth/api_keys.h"
#include "libs/auth/passwords.h"
#include "libs/auth/secrets.h"

namespace crm::auth {
namespace {

const ApiKeyPlace kPlace{NamedUuid("test", "tenant"), NamedUuid("test", "key")};

TEST(ApiKeys, SayWhereTheyBelong) {
  std::string key = MakeApiKey(kPlace);
  EXPECT_EQ(key.size(), 100U);
  EXPECT_EQ(key.substr(0, 13), "crm_" + ApiKeyPrefix(kPlace.id) + "_");
  auto place = PlaceOfApiKey(key);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->tenant, kPlace.tenant);
  EXPECT_EQ(place->id, kPlace.id);
  EXPECT_NE(MakeApiKey(kPlace), key);
}

TEST(ApiKeys, AreNotReadFromAnythingElse) {
  std::string key = MakeApiKey(kPlace);
  std::string other_prefix = key;
  other_prefix[5] = other_prefix[5] == 'A' ? 'B' : 'A';
  for (const auto& text : {std::string(), std::string("crm_"), key.substr(1), key + "A",
                           key.substr(0, 99), other_prefix}) {
    EXPECT_FALSE(PlaceOfApiKey(text)) << text;
  }
}

TEST(ApiKeys, MatchTheirHashUnderTheSamePepperOnly) {
  auto hasher = ApiKeyHasher::Create(std::string(32, 'p'));
  auto other = ApiKeyHasher::Create(std::string(32, 'q'));
  ASSERT_TRUE(hasher.ok() && other.ok());
  std::string key = MakeApiKey(kPlace), hash = hasher->Hash(key);
  EXPECT_TRUE(hasher->Matches(key, hash));
  EXPECT_FALSE(hasher->Matches(MakeApiKey(kPlace), hash));
  EXPECT_FALSE(other->Matches(key, hash));
  EXPECT_FALSE(hasher->Matches(key, ""));
  EXPECT_EQ(ApiKeyHasher::Create("short").status().reason(), "PEPPER_UNUSABLE");
}

TEST(Passwords, MatchTheirHashOnly) {
  std::string hash = HashPassword("correct horse", NamedUuid("salt", "1"));
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash;
  EXPECT_TRUE(PasswordMatches("correct horse", hash));
  EXPECT_FALSE(PasswordMatches("correct horsf", hash));
  EXPECT_FALSE(PasswordMatches("correct horse", "no hash"));
  EXPECT_NE(HashPassword("correct horse", NamedUuid("salt", "2")), hash);
}

TEST(Passwords, HaveTenCharactersInAnyScript) {
  EXPECT_TRUE(CheckPassword("0123456789").ok());
  EXPECT_TRUE(CheckPassword("אבגדהוזחטי").ok());
  EXPECT_EQ(CheckPassword("אבגדהוזחט").reason(), "PASSWORD_UNFIT");
  EXPECT_EQ(CheckPassword(std::string(1001, 'x')).reason(), "PASSWORD_UNFIT");
}

}  // namespace
}  // namespace crm::auth
