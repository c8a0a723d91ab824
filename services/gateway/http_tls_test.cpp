#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>

#include "libs/testing/clock.h"
#include "libs/testing/servers.h"
#include "services/gateway/http_server.h"

namespace crm::gateway {
namespace {

template <class T, auto Free>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<T, Free>>;

// A key and a certificate that it signs itself, as PEM files that go with this object.
class Certificate {
 public:
  Certificate() : stem_(::testing::TempDir() + test::UniqueName("gateway")) {
    const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
    const Owned<X509, X509_free> certificate(X509_new());
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    auto* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("gateway"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    const Owned<BIO, BIO_free> key_out(BIO_new_file(key_file().c_str(), "w"));
    PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    const Owned<BIO, BIO_free> out(BIO_new_file(file().c_str(), "w"));
    PEM_write_bio_X509(out.get(), certificate.get());
  }
  ~Certificate() {
    std::remove(key_file().c_str());
    std::remove(file().c_str());
  }

  std::string file() const { return stem_ + ".crt"; }
  std::string key_file() const { return stem_ + ".key"; }

 private:
  const std::string stem_;
};

// One exchange over TLS with a server that shows this certificate; "" where the handshake fails.
std::string Exchange(int port, const Certificate& certificate, int max_version) {
  const Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_load_verify_locations(context.get(), certificate.file().c_str(), nullptr);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // Old versions are allowed here, so that it is the server that refuses them.
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), max_version);
  SSL_CTX_set_cipher_list(context.get(), "DEFAULT:@SECLEVEL=0");
  const Owned<BIO, BIO_free_all> bio(BIO_new_ssl_connect(context.get()));
  BIO_set_conn_hostname(bio.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
  if (BIO_do_connect(bio.get()) <= 0) return "";
  BIO_puts(bio.get(), "GET /secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::string answer;
  char bytes[1024];
  for (int got; (got = BIO_read(bio.get(), bytes, sizeof(bytes))) > 0;) answer.append(bytes, got);
  return answer;
}

class HttpTlsTest : public ::testing::Test {
 protected:
  HttpTlsTest() {
    HttpServerOptions options;
    options.certificate_file = certificate_.file();
    options.key_file = certificate_.key_file();
    server_ = HttpServer::Create(
                  options,
                  [](const std::shared_ptr<HttpExchange>& exchange) {
                    exchange->Respond({.body = "you asked for " + exchange->request().target});
                  },
                  clock_)
                  .value();
    server_->Start();
  }

  const Certificate certificate_;
  const ManualClock clock_{test::kMonday};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpTlsTest, AnswersOverBothVersionsOfToday) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const std::string answer = Exchange(server_->port(), certificate_, version);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nyou asked for /secret")) << answer;
  }
}

TEST_F(HttpTlsTest, RefusesVersionsOfThePast) {
  EXPECT_EQ(Exchange(server_->port(), certificate_, TLS1_1_VERSION), "");
}

TEST_F(HttpTlsTest, ShowsItsOwnCertificateAndNoOther) {
  EXPECT_EQ(Exchange(server_->port(), Certificate(), TLS1_3_VERSION), "");
}

}  // namespace
}  // namespace crm::gateway
