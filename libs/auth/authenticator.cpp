#include "libs/auth/authenticator.h"

#include <algorithm>
#include <cctype>

#include "crm/identity/v1/auth_service.pb.h"
#include "libs/auth/api_keys.h"
#include "libs/trace/trace_context.h"

namespace crm::auth {

namespace {

constexpr auto kExchangeTimeout = std::chrono::seconds(3);
constexpr auto kFresh = std::chrono::seconds(30);
constexpr auto kRefusalFresh = std::chrono::seconds(5);
constexpr std::string_view kScheme = "bearer ";

// The credential of a call, or "".
std::string CredentialOf(const rpc::Metadata& metadata) {
  if (auto key = metadata.find("x-api-key"); key != metadata.end()) return key->second;
  auto header = metadata.find("authorization");
  if (header == metadata.end() || header->second.size() < kScheme.size()) return "";
  const std::string& value = header->second;
  bool bearer = std::equal(kScheme.begin(), kScheme.end(), value.begin(), [](char want, char have) {
    return want == std::tolower(static_cast<unsigned char>(have));
  });
  return bearer ? value.substr(kScheme.size()) : "";
}

}  // namespace

Result<std::string> RemoteKeyExchange::Exchange(const std::string& api_key) {
  auto client = channels_.ForService("crm.identity.v1.AuthService");
  if (!client.ok()) return client.status();
  identity::v1::ExchangeApiKeyRequest request;
  identity::v1::ExchangeApiKeyResponse response;
  request.set_api_key(api_key);
  rpc::ClientCallOptions options;
  options.timeout = kExchangeTimeout;
  if (trace::Current().valid()) {
    options.metadata.emplace(trace::kTraceparent, trace::FormatTraceparent(trace::Current()));
  }
  auto status =
      (*client)->Call("crm.identity.v1.AuthService/ExchangeApiKey", request, response, options);
  if (!status.ok()) return status;
  return std::move(*response.mutable_access_token());
}

Result<Principal> CredentialAuthenticator::Authenticate(const rpc::Metadata& metadata) {
  std::string credential = CredentialOf(metadata);
  if (credential.empty()) {
    return Status(Code::kUnauthenticated, "NO_CREDENTIALS",
                  "Send `authorization: Bearer <token>` or `x-api-key: <key>`; a token comes from "
                  "AuthService.Login, a key from an administrator.");
  }
  if (auto known = Fresh(credential)) return std::move(*known);
  return LooksLikeApiKey(credential) ? ByKey(credential) : ByToken(credential);
}

std::optional<Result<Principal>> CredentialAuthenticator::Known(const rpc::Metadata& metadata) {
  return Fresh(CredentialOf(metadata));
}

std::optional<Result<Principal>> CredentialAuthenticator::Fresh(
    const std::string& credential) const {
  auto known = cache_.Find(credential);
  if (!known || clock_.Now() > known->fresh_until) return std::nullopt;
  return std::move(known->principal);
}

Result<Principal> CredentialAuthenticator::ByToken(const std::string& token) {
  Time now = clock_.Now();
  auto verified = verifier_.Verify(token, now);
  if (!verified.ok()) return verified.status();
  cache_.Put(token, {verified->principal, verified->expire_time, verified->expire_time}, now);
  return verified->principal;
}

Result<Principal> CredentialAuthenticator::ByKey(const std::string& key) {
  if (!PlaceOfApiKey(key)) {
    return Status(Code::kUnauthenticated, "KEY_UNKNOWN",
                  "The API key is malformed; was it copied whole?");
  }
  std::unique_lock lock(mutex_);
  while (true) {
    if (auto known = Fresh(key)) return std::move(*known);
    if (exchanging_.insert(key).second) break;
    exchanged_.wait(lock);
  }
  lock.unlock();
  auto principal = Exchange(key);
  lock.lock();
  exchanging_.erase(key);
  exchanged_.notify_all();
  return principal;
}

Result<Principal> CredentialAuthenticator::Exchange(const std::string& key) {
  auto token = keys_.Exchange(key);
  Time now = clock_.Now();
  if (token.ok()) {
    auto verified = verifier_.Verify(*token, now);
    if (!verified.ok()) return verified.status();
    Time fresh = std::min<Time>(now + kFresh, verified->expire_time);
    cache_.Put(key, {verified->principal, fresh, verified->expire_time}, now);
    return verified->principal;
  }
  if (token.status().code() == Code::kUnauthenticated) {
    cache_.Put(key, {token.status(), now + kRefusalFresh, now + kRefusalFresh}, now);
    return token.status();
  }
  auto known = cache_.Find(key);
  if (known && known->principal.ok() && now <= known->usable_until) {
    // Asked again soon, and not by every call meanwhile.
    known->fresh_until = std::min<Time>(now + kRefusalFresh, known->usable_until);
    cache_.Put(key, *known, now);
    return known->principal;
  }
  return Unavailable("IDENTITY_UNREACHABLE",
                     "The API key cannot be looked up at the moment; try again.")
      .With("cause", token.status().reason())
      .RetryAfter(std::chrono::seconds(1));
}

}  // namespace crm::auth
