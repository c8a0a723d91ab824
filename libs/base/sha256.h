// SHA-256, for names, keys and fingerprints. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace crm {

// 32 bytes, not hexadecimal.
std::string Sha256(std::string_view bytes);

}  // namespace crm
