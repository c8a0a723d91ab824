#include "libs/base/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace crm {

std::string Sha256(std::string_view bytes) {
  // Looked up once; SHA256() of OpenSSL 3 looks it up for every digest, which costs more than a
  // short digest.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(32, '\0');
  bool made =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                 nullptr, algorithm, nullptr) == 1;
  if (!made) std::abort();  // no memory, or a library without it
  return digest;
}

}  // namespace crm
