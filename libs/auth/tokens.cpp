#include "libs/auth/tokens.h"

#include <google/protobuf/util/json_util.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <filesystem>
#include <map>

#include "crm/auth/v1/token.pb.h"
#include "libs/auth/grants.h"
#include "libs/auth/secrets.h"
#include "libs/base/base64url.h"
#include "libs/base/sha256.h"
#include "libs/config/config.h"

namespace crm::auth {

namespace {

constexpr char kIssuer[] = "crm";
constexpr size_t kSignatureBytes = 64;
constexpr size_t kMaxTokenBytes = 16 << 10;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, Free>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Free>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Status UnusableKey(const std::string& file, const std::string& what) {
  return FailedPrecondition("TOKEN_KEY_UNUSABLE", "'" + file + "' is no " + what +
                                                      " in PEM form; make a pair of keys "
                                                      "with the command `keys`.")
      .With("file", file);
}

// The same for both halves of a pair.
std::string KeyId(EVP_PKEY* key) {
  std::string raw(32, '\0');
  size_t size = raw.size();
  EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size);
  return ToBase64Url(Sha256(raw).substr(0, 6));
}

Result<KeyHandle> ReadKey(const std::string& file, bool is_private) {
  auto text = config::ReadSecret(file);
  if (!text.ok()) return text.status();
  Bio bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  KeyHandle key(is_private ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)
                           : PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr || EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) {
    return UnusableKey(file, is_private ? "Ed25519 private key" : "Ed25519 public key");
  }
  return key;
}

std::string Content(BIO* bio) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  // Cannot fail: these messages have no Any and only valid text.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  return json;
}

bool FromPart(std::string_view part, google::protobuf::Message& message) {
  auto json = FromBase64Url(part);
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return json && google::protobuf::util::JsonStringToMessage(*json, &message, options).ok();
}

std::string_view AudienceName(Audience audience) {
  switch (audience) {
    case Audience::kAccess:
      return "crm";
    case Audience::kStream:
      return "crm-stream";
    case Audience::kInternal:
      return "crm-internal";
  }
  return "";
}

std::optional<Audience> AudienceOf(std::string_view name) {
  for (Audience each : {Audience::kAccess, Audience::kStream, Audience::kInternal}) {
    if (AudienceName(each) == name) return each;
  }
  return std::nullopt;
}

Status Invalid(const char* why) {
  return Status(Code::kUnauthenticated, "TOKEN_INVALID",
                std::string("The access token is not valid (") + why + "); log in again.");
}

uint32_t Seconds(Time time) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

// Claims in order and signed by us; their times are the caller's business.
Result<VerifiedToken> FromClaims(const v1::TokenClaims& claims) {
  auto audience = AudienceOf(claims.aud());
  auto tenant = Uuid::Parse(claims.tenant());
  auto grants = FromTexts({claims.grants().begin(), claims.grants().end()});
  if (claims.iss() != kIssuer) return Invalid("issued by somebody else");
  if (!audience) return Invalid("made for something else");
  if (!tenant || !grants || claims.sub().empty()) return Invalid("incomplete");
  VerifiedToken token;
  token.principal = {*tenant,
                     claims.sub(),
                     {claims.departments().begin(), claims.departments().end()},
                     std::move(*grants)};
  token.audience = *audience;
  token.expire_time = Time(std::chrono::seconds(claims.exp()));
  return token;
}

}  // namespace

Status GenerateKeyPair(const std::string& private_key_file, const std::string& public_key_file) {
  if (std::filesystem::exists(public_key_file)) {
    return Status(Code::kAlreadyExists, "FILE_EXISTS",
                  public_key_file + " exists and is left as it is.")
        .With("file", public_key_file);
  }
  std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
  EVP_PKEY* made = nullptr;
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &made) != 1) {
    return Internal("no Ed25519 key can be made");
  }
  KeyHandle key(made);
  Bio private_pem(BIO_new(BIO_s_mem())), public_pem(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(private_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1 ||
      PEM_write_bio_PUBKEY(public_pem.get(), key.get()) != 1) {
    return Internal("the Ed25519 key cannot be written");
  }
  if (auto status = WriteSecretFile(private_key_file, Content(private_pem.get())); !status.ok()) {
    return status;
  }
  return WriteSecretFile(public_key_file, Content(public_pem.get()));
}

struct TokenSigner::Key {
  KeyHandle handle;
  // The header is the same for all tokens: encoded once, with its dot.
  std::string header;
};

Result<TokenSigner> TokenSigner::FromFile(const std::string& private_key_file) {
  auto handle = ReadKey(private_key_file, true);
  if (!handle.ok()) return handle.status();
  v1::TokenHeader header;
  header.set_alg("EdDSA");
  header.set_typ("JWT");
  header.set_kid(KeyId(handle->get()));
  auto key = std::make_shared<Key>();
  key->handle = std::move(*handle);
  key->header = ToBase64Url(ToJson(header)) + ".";
  return TokenSigner(std::move(key));
}

std::string TokenSigner::Sign(const Principal& principal, Audience audience, Time now,
                              Duration life) const {
  v1::TokenClaims claims;
  claims.set_iss(kIssuer);
  claims.set_aud(std::string(AudienceName(audience)));
  claims.set_sub(principal.name);
  claims.set_iat(Seconds(now));
  claims.set_exp(Seconds(now + life));
  claims.set_tenant(principal.tenant.ToString());
  for (const auto& department : principal.departments) claims.add_departments(department);
  for (auto& grant : ToTexts(principal.grants)) claims.add_grants(std::move(grant));
  std::string token = key_->header + ToBase64Url(ToJson(claims));
  std::string signature(kSignatureBytes, '\0');
  size_t size = signature.size();
  std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->handle.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(token), token.size()) != 1) {
    std::abort();  // only without memory
  }
  return token + "." + ToBase64Url(signature);
}

struct TokenVerifier::Keys {
  std::map<std::string, KeyHandle, std::less<>> by_id;
};

Result<TokenVerifier> TokenVerifier::FromFiles(const std::vector<std::string>& public_key_files) {
  if (public_key_files.empty()) {
    return FailedPrecondition("TOKEN_KEY_UNUSABLE",
                              "No public key is configured; set auth.token_public_key_files.");
  }
  auto keys = std::make_shared<Keys>();
  for (const auto& file : public_key_files) {
    auto handle = ReadKey(file, false);
    if (!handle.ok()) return handle.status();
    std::string id = KeyId(handle->get());
    keys->by_id[id] = std::move(*handle);
  }
  return TokenVerifier(std::move(keys));
}

Result<VerifiedToken> TokenVerifier::Verify(std::string_view token, Time now) const {
  auto first = token.find('.');
  auto last = token.rfind('.');
  if (token.size() > kMaxTokenBytes || first == std::string_view::npos || first == last) {
    return Invalid("malformed");
  }
  v1::TokenHeader header;
  if (!FromPart(token.substr(0, first), header)) return Invalid("malformed");
  if (header.alg() != "EdDSA" || header.typ() != "JWT") return Invalid("another algorithm");
  auto key = keys_->by_id.find(header.kid());
  if (key == keys_->by_id.end()) return Invalid("unknown key");
  auto signature = FromBase64Url(token.substr(last + 1));
  if (!signature || signature->size() != kSignatureBytes) return Invalid("malformed");
  std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  auto signed_part = token.substr(0, last);
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key->second.get()) != 1 ||
      EVP_DigestVerify(context.get(), Bytes(*signature), signature->size(), Bytes(signed_part),
                       signed_part.size()) != 1) {
    return Invalid("not signed by us");
  }
  v1::TokenClaims claims;
  if (!FromPart(token.substr(first + 1, last - first - 1), claims)) return Invalid("malformed");
  auto verified = FromClaims(claims);
  if (!verified.ok()) return verified;
  if (now > verified->expire_time + kLeeway) {
    return Status(Code::kUnauthenticated, "TOKEN_EXPIRED",
                  "The access token has expired; log in again or exchange the key again.")
        .With("expire_time", FormatTime(verified->expire_time));
  }
  if (now + kLeeway < Time(std::chrono::seconds(claims.iat()))) return Invalid("not valid yet");
  return verified;
}

}  // namespace crm::auth
