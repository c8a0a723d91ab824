// A pair of keys in a folder of its own, for tests.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "libs/auth/tokens.h"

namespace crm::auth {

class TestKeys {
 public:
  TestKeys() {
    std::string pattern = (std::filesystem::temp_directory_path() / "crm-keys-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    if (auto made = GenerateKeyPair(private_file(), public_file()); !made.ok()) {
      throw std::runtime_error(made.ToString());
    }
  }
  ~TestKeys() { std::filesystem::remove_all(folder_); }
  TestKeys(const TestKeys&) = delete;
  TestKeys& operator=(const TestKeys&) = delete;

  std::string folder() const { return folder_; }
  std::string private_file() const { return folder_ + "/signing.pem"; }
  std::string public_file() const { return folder_ + "/public.pem"; }
  TokenSigner signer() const { return TokenSigner::FromFile(private_file()).value(); }
  TokenVerifier verifier() const { return TokenVerifier::FromFiles({public_file()}).value(); }

 private:
  std::string folder_;
};

}  // namespace crm::auth
