#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>

#include "libs/rpc/client.h"
#include "libs/rpc/echo_server.h"

namespace crm::rpc {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void AddExtension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself where that is null: then it is an authority.
Certificate Issue(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(),
                       X509_get_subject_name(issuer == nullptr ? certificate.get() : issuer));
  if (issuer == nullptr) {
    AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  } else {
    AddExtension(certificate.get(), NID_subject_alt_name, "IP:127.0.0.1");
  }
  X509_sign(certificate.get(), issuer == nullptr ? key : issuer_key, EVP_sha256());
  return certificate;
}

// An authority and one certificate of it, as PEM files in a folder of the test's own.
class Authority {
 public:
  explicit Authority(const std::string& name)
      : folder_(std::filesystem::path(::testing::TempDir()) /
                ("crm_rpc_tls_" + std::to_string(getpid()) + "_" + name)) {
    std::filesystem::create_directories(folder_);
    Key authority_key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    Certificate authority = Issue(name, authority_key.get(), nullptr, nullptr);
    Certificate certificate = Issue("service", key.get(), authority.get(), authority_key.get());
    WriteCertificate("ca.pem", authority.get());
    WriteCertificate("cert.pem", certificate.get());
    std::unique_ptr<FILE, decltype(&fclose)> file(fopen(Path("key.pem").c_str(), "w"), fclose);
    PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  ~Authority() { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& file) const { return (folder_ / file).string(); }
  TlsOptions AsClient() const { return {Path("ca.pem"), Path("cert.pem"), Path("key.pem")}; }
  ServerOptions AsServer() const {
    ServerOptions options;
    options.certificate_file = Path("cert.pem");
    options.key_file = Path("key.pem");
    options.client_ca_file = Path("ca.pem");
    return options;
  }

 private:
  void WriteCertificate(const std::string& name, X509* certificate) {
    std::unique_ptr<FILE, decltype(&fclose)> file(fopen(Path(name).c_str(), "w"), fclose);
    PEM_write_X509(file.get(), certificate);
  }

  const std::filesystem::path folder_;
};

Result<std::string> CallWith(const std::string& address, const std::optional<TlsOptions>& tls) {
  return RpcClient::Create(address, tls)->CallBytes(kEcho, "a", {});
}

TEST(MutualTls, LetsInOnlyThoseWithACertificateOfTheAuthority) {
  Authority ours("ours");
  Authority theirs("theirs");
  EchoServer echo(EchoBack, EchoBack, ours.AsServer());
  const std::string address = echo.server().address();
  EXPECT_EQ(CallWith(address, ours.AsClient()).value(), "a");
  TlsOptions stranger = theirs.AsClient();
  stranger.ca_file = ours.Path("ca.pem");
  EXPECT_EQ(CallWith(address, stranger).status().reason(), "RPC_UNREACHABLE");
  EXPECT_EQ(CallWith(address, TlsOptions{ours.Path("ca.pem"), "", ""}).status().reason(),
            "RPC_UNREACHABLE");
  EXPECT_EQ(CallWith(address, std::nullopt).status().reason(), "RPC_UNREACHABLE");
}

TEST(MutualTls, RefusesAServerOfAnotherAuthority) {
  Authority ours("ours");
  Authority theirs("theirs");
  EchoServer echo(EchoBack, EchoBack, theirs.AsServer());
  TlsOptions client = theirs.AsClient();
  client.ca_file = ours.Path("ca.pem");
  EXPECT_EQ(CallWith(echo.server().address(), client).status().reason(), "RPC_UNREACHABLE");
}

TEST(MutualTls, SaysWhichFileCannotBeRead) {
  Authority ours("ours");
  ServerOptions options = ours.AsServer();
  options.key_file = "missing.pem";
  Status status = RpcServer::Create(options, {}).status();
  EXPECT_EQ(status.reason(), "RPC_TLS_FILE_UNREADABLE");
  EXPECT_EQ(status.metadata().at("path"), "missing.pem");
  status = CallWith("127.0.0.1:1", TlsOptions{"missing.pem", "", ""}).status();
  EXPECT_EQ(status.reason(), "RPC_TLS_FILE_UNREADABLE");
}

}  // namespace
}  // namespace crm::rpc
