// ClientAddress: who is at the other end, also behind proxies that we trust.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "services/gateway/http.h"

namespace crm::gateway {

// Immutable; thread-safe.
class ClientAddress {
 public:
  // Blocks like "10.0.0.0/8", "fd00::/8" or one address. INVALID_ARGUMENT (PROXY_BLOCK_INVALID)
  // names the one that is none.
  static Result<ClientAddress> Create(const std::vector<std::string>& trusted_proxies);

  // The connection's address or, where that is a trusted proxy's, the last one in X-Forwarded-For
  // that is not.
  std::string Of(const HttpRequest& http) const;

 private:
  using Address = std::array<uint8_t, 16>;  // of version 4: mapped into version 6
  struct Block {
    Address start;
    int bits;
  };

  static bool ParseAddress(const std::string& text, Address& address);
  bool IsTrusted(const std::string& text) const;

  std::vector<Block> trusted_;
};

}  // namespace crm::gateway
