#include "services/gateway/client_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace crm::gateway {

bool ClientAddress::ParseAddress(const std::string& text, Address& address) {
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return true;
  address.fill(0);
  address[10] = address[11] = 0xff;
  return inet_pton(AF_INET, text.c_str(), address.data() + 12) == 1;
}

Result<ClientAddress> ClientAddress::Create(const std::vector<std::string>& trusted_proxies) {
  ClientAddress result;
  for (const auto& text : trusted_proxies) {
    const size_t slash = text.find('/');
    const std::string address = text.substr(0, slash);
    const int width = address.find(':') == std::string::npos ? 32 : 128;
    int bits = width;
    bool valid = true;
    if (slash != std::string::npos) {
      const char* end = text.data() + text.size();
      const auto parsed = std::from_chars(text.data() + slash + 1, end, bits);
      valid = parsed.ec == std::errc() && parsed.ptr == end && bits >= 0 && bits <= width;
    }
    Block block{};
    if (!valid || !ParseAddress(address, block.start)) {
      return InvalidArgument("PROXY_BLOCK_INVALID",
                             "\"" + text + "\" is not an address block like 10.0.0.0/8.");
    }
    block.bits = bits + 128 - width;
    result.trusted_.push_back(block);
  }
  return result;
}

bool ClientAddress::IsTrusted(const std::string& text) const {
  Address address;
  if (!ParseAddress(text, address)) return false;
  return std::any_of(trusted_.begin(), trusted_.end(), [&](const Block& block) {
    const int bytes = block.bits / 8;
    if (std::memcmp(address.data(), block.start.data(), static_cast<size_t>(bytes)) != 0) {
      return false;
    }
    const int rest = block.bits % 8;
    if (rest == 0) return true;
    const auto index = static_cast<size_t>(bytes);
    return (address[index] ^ block.start[index]) >> (8 - rest) == 0;
  });
}

std::string ClientAddress::Of(const HttpRequest& http) const {
  std::string client = http.peer;
  std::string chain;
  for (const auto& [name, value] : http.headers) {
    if (EqualsIgnoringCase(name, "X-Forwarded-For")) chain += (chain.empty() ? "" : ",") + value;
  }
  while (!chain.empty() && IsTrusted(client)) {
    const size_t comma = chain.rfind(',');
    std::string last = comma == std::string::npos ? chain : chain.substr(comma + 1);
    chain.resize(comma == std::string::npos ? 0 : comma);
    last.erase(0, last.find_first_not_of(" \t"));
    last.erase(last.find_last_not_of(" \t") + 1);
    Address address;
    if (!ParseAddress(last, address)) break;
    client = last;
  }
  return client;
}

}  // namespace crm::gateway
