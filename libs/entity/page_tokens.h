// PageTokens: positions in a list, sealed so that clients can neither read nor make them, and bound
// to the request they continue. A token carries no authority: the next page is asked with the
// caller's own rights.
//
//   token    : base64url, without padding, of (nonce, sealed, tag)
//   nonce    : 12 bytes, HMAC-SHA256 over request and payload, so equal inputs give equal tokens
//   and no randomness is needed sealed   : AES-256-GCM of a serialised crm.kernel.v1.PagePosition;
//   the request is authenticated with it
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/command/record_type.h"
#include "libs/command/store.h"

namespace crm::entity {

// A value; thread-safe.
class PageTokens {
 public:
  // All replicas of a service need the same secret of 32 bytes; INVALID_ARGUMENT (PAGE_KEY_INVALID)
  // for any other length. A new secret makes the tokens of the old one invalid.
  static Result<PageTokens> Create(std::string_view secret);

  // `request` stands for all of the request that must stay the same from page to page.
  std::string Seal(const ListPosition& position, std::string_view request) const;
  // INVALID_ARGUMENT with reason PAGE_TOKEN_INVALID for a token of another request, tenant or
  // secret, and for anything else that Seal has not made. `order` are the fields of the position,
  // columns of `type`.
  Result<ListPosition> Open(std::string_view token, std::string_view request,
                            const RecordType& type, const std::vector<OrderTerm>& order) const;

 private:
  using Key = std::array<uint8_t, 32>;
  PageTokens(const Key& sealing, const Key& nonces) : sealing_(sealing), nonces_(nonces) {}

  Key sealing_;
  Key nonces_;
};

}  // namespace crm::entity
