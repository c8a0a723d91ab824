// Bytes as lower-case hexadecimal digits. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace crm {

void AppendHex(std::string& text, std::span<const uint8_t> bytes);
std::string ToHex(std::span<const uint8_t> bytes);
std::string ToHex(std::string_view bytes);

}  // namespace crm
