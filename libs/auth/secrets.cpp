#include "libs/auth/secrets.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace crm::auth {

namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(bytes), bytes.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &size);
  return digest;
}

bool EqualSecrets(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    std::abort();
  }
  return bytes;
}

Status WriteSecretFile(const std::string& path, std::string_view content) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    std::string why = std::strerror(errno);
    if (errno == EEXIST) {
      return Status(Code::kAlreadyExists, "FILE_EXISTS", path + " exists and is left as it is.")
          .With("file", path);
    }
    return FailedPrecondition("FILE_NOT_WRITABLE", path + " cannot be written: " + why)
        .With("file", path);
  }
  auto written = ::write(file, content.data(), content.size());
  bool complete = written == static_cast<ssize_t>(content.size()) && ::fsync(file) == 0;
  if (::close(file) == 0 && complete) return Status::Ok();
  ::unlink(path.c_str());
  return FailedPrecondition("FILE_NOT_WRITABLE", path + " cannot be written; is the disk full?")
      .With("file", path);
}

}  // namespace crm::auth
