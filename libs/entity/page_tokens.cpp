#include "libs/entity/page_tokens.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>

#include "crm/kernel/v1/page.pb.h"
#include "libs/base/base64url.h"

namespace crm::entity {

namespace {

using kernel::v1::PagePosition;

constexpr size_t kNonceSize = 12;
constexpr size_t kTagSize = 16;
constexpr size_t kMaxTokenSize = 16 << 10;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
uint8_t* Bytes(std::string& text) {
  return reinterpret_cast<uint8_t*>(text.data());
}

// Looked up once, because that costs more than to seal a token.
const EVP_CIPHER* Algorithm() {
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return algorithm;
}

std::array<uint8_t, 32> Mac(std::span<const uint8_t> key, std::string_view text) {
  std::array<uint8_t, 32> mac{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(), mac.data(),
       nullptr);
  return mac;
}

PagePosition::Value ToProto(const ColumnValue& value) {
  PagePosition::Value out;
  if (const auto* flag = std::get_if<bool>(&value)) out.set_flag(*flag);
  if (const auto* number = std::get_if<int64_t>(&value)) out.set_number(*number);
  if (const auto* text = std::get_if<std::string>(&value)) out.set_text(*text);
  if (const auto* time = std::get_if<Time>(&value))
    out.set_time_us(time->time_since_epoch().count());
  return out;
}

std::optional<Uuid> ToUuid(std::string_view bytes) {
  Uuid id;
  if (bytes.size() != id.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

// nullopt where the value is of another kind than the column, as after a change of the proto.
std::optional<ColumnValue> FromProto(const PagePosition::Value& value, ColumnKind kind) {
  using Value = PagePosition::Value;
  if (value.kind_case() == Value::KIND_NOT_SET) return ColumnValue();
  switch (kind) {
    case ColumnKind::kBool:
      if (value.kind_case() == Value::kFlag) return value.flag();
      break;
    case ColumnKind::kInt:
      if (value.kind_case() == Value::kNumber) return value.number();
      break;
    case ColumnKind::kText:
      if (value.kind_case() == Value::kText) return value.text();
      break;
    case ColumnKind::kTime:
      if (value.kind_case() == Value::kTimeUs) return Time(Duration(value.time_us()));
      break;
  }
  return std::nullopt;
}

Status Invalid() {
  return InvalidArgument(
             "PAGE_TOKEN_INVALID",
             "The page token is damaged, or belongs to a list with another filter, order or "
             "caller; begin again without one.")
      .Violates("page_token", "does not continue this list");
}

}  // namespace

Result<PageTokens> PageTokens::Create(std::string_view secret) {
  if (secret.size() != 32) {
    return InvalidArgument("PAGE_KEY_INVALID", "The secret of page tokens must have 32 bytes.");
  }
  std::span<const uint8_t> key(Bytes(secret), secret.size());
  return PageTokens(Mac(key, "page token sealing"), Mac(key, "page token nonces"));
}

std::string PageTokens::Seal(const ListPosition& position, std::string_view request) const {
  PagePosition message;
  for (const auto& value : position.values) *message.add_values() = ToProto(value);
  message.set_id(position.id.bytes.data(), position.id.bytes.size());
  std::string payload = message.SerializeAsString();

  auto mac = Mac(nonces_, std::string(request) + '\0' + payload);
  std::string sealed(kNonceSize + payload.size() + kTagSize, '\0');
  std::copy_n(mac.begin(), kNonceSize, sealed.begin());
  Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  EVP_EncryptInit_ex(cipher.get(), Algorithm(), nullptr, sealing_.data(), Bytes(sealed));
  EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(request), static_cast<int>(request.size()));
  EVP_EncryptUpdate(cipher.get(), Bytes(sealed) + kNonceSize, &size, Bytes(payload),
                    static_cast<int>(payload.size()));
  EVP_EncryptFinal_ex(cipher.get(), Bytes(sealed) + kNonceSize + payload.size(), &size);
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                      Bytes(sealed) + kNonceSize + payload.size());
  return ToBase64Url(sealed);
}

Result<ListPosition> PageTokens::Open(std::string_view token, std::string_view request,
                                      const RecordType& type,
                                      const std::vector<OrderTerm>& order) const {
  if (token.size() > kMaxTokenSize) return Invalid();
  std::string sealed = FromBase64Url(token).value_or("");
  if (sealed.size() < kNonceSize + kTagSize) return Invalid();
  std::string payload(sealed.size() - kNonceSize - kTagSize, '\0');
  Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  EVP_DecryptInit_ex(cipher.get(), Algorithm(), nullptr, sealing_.data(), Bytes(sealed));
  EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(request), static_cast<int>(request.size()));
  EVP_DecryptUpdate(cipher.get(), Bytes(payload), &size, Bytes(sealed) + kNonceSize,
                    static_cast<int>(payload.size()));
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize,
                      Bytes(sealed) + sealed.size() - kTagSize);
  uint8_t rest[kTagSize];
  if (EVP_DecryptFinal_ex(cipher.get(), rest, &size) != 1) return Invalid();

  PagePosition message;
  if (!message.ParseFromString(payload)) return Invalid();
  auto id = ToUuid(message.id());
  if (!id || message.values_size() != static_cast<int>(order.size())) return Invalid();
  ListPosition position{{}, *id};
  for (size_t i = 0; i < order.size(); ++i) {
    auto value =
        FromProto(message.values(static_cast<int>(i)), type.FindColumn(order[i].field_path)->kind);
    if (!value) return Invalid();
    position.values.push_back(std::move(*value));
  }
  return position;
}

}  // namespace crm::entity
