#include "services/gateway/transport.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace crm::gateway {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using tcp = net::ip::tcp;

constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// TLS without a farewell counts as an end: lengths and chunks say whether a message is whole.
std::error_code Translate(const error_code& error) {
  if (error == net::error::eof || error == net::ssl::error::stream_truncated) {
    return std::make_error_code(std::errc::no_message_available);
  }
  return error;
}

class AsioTimer final : public Timer {
 public:
  explicit AsioTimer(const net::any_io_executor& executor) : timer_(executor) {}

  void Start(std::chrono::milliseconds delay, std::function<void()> task) override {
    timer_.expires_after(delay);
    // An expired wait may be queued already when the next one starts.
    timer_.async_wait(
        [epoch = ++*epoch_, current = epoch_, task = std::move(task)](error_code error) {
          if (!error && epoch == *current) task();
        });
  }
  void Stop() override {
    ++*epoch_;
    timer_.cancel();
  }

 private:
  net::steady_timer timer_;
  const std::shared_ptr<uint64_t> epoch_ = std::make_shared<uint64_t>(0);
};

// What plain and TLS streams share; Stream is tcp::socket or ssl::stream around one.
template <class Stream>
class AsioStream : public ByteStream {
 public:
  template <class... Args>
  explicit AsioStream(std::string peer, Args&&... args)
      : stream_(std::forward<Args>(args)...), peer_(std::move(peer)) {}

  const std::string& peer() const override { return peer_; }
  void Post(std::function<void()> task) override {
    net::post(stream_.get_executor(), std::move(task));
  }
  std::unique_ptr<Timer> NewTimer() override {
    return std::make_unique<AsioTimer>(stream_.get_executor());
  }
  void ReadSome(std::span<char> into, IoHandler done) override {
    stream_.async_read_some(net::buffer(into.data(), into.size()), Adapt(std::move(done)));
  }
  void Write(std::string_view bytes, IoHandler done) override {
    net::async_write(stream_, net::buffer(bytes.data(), bytes.size()), Adapt(std::move(done)));
  }
  void Close() override {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

 protected:
  Stream stream_;

 private:
  static auto Adapt(IoHandler done) {
    return
        [done = std::move(done)](error_code error, size_t bytes) { done(Translate(error), bytes); };
  }

  const std::string peer_;
};

class PlainStream final : public AsioStream<tcp::socket> {
 public:
  using AsioStream::AsioStream;
  void Handshake(std::function<void(std::error_code)> done) override {
    Post([done = std::move(done)] { done({}); });
  }
  void ShutdownSend() override {
    error_code ignored;
    stream_.shutdown(tcp::socket::shutdown_send, ignored);
  }
};

class TlsStream final : public AsioStream<net::ssl::stream<tcp::socket>> {
 public:
  using AsioStream::AsioStream;
  void Handshake(std::function<void(std::error_code)> done) override {
    stream_.async_handshake(net::ssl::stream_base::server,
                            [done = std::move(done)](error_code error) { done(error); });
  }
  // TCP's farewell alone: TLS's own would read, and a read is under way.
  void ShutdownSend() override {
    error_code ignored;
    stream_.lowest_layer().shutdown(tcp::socket::shutdown_send, ignored);
  }
};

class AsioTransport final : public Transport {
 public:
  explicit AsioTransport(const TransportOptions& options) : options_(options) {}
  ~AsioTransport() override { Stop(); }

  Status Listen();
  Status LoadCertificate();

  int port() const override { return port_; }
  bool uses_tls() const override { return tls_.has_value(); }
  void Start(std::function<void(std::unique_ptr<ByteStream>)> on_stream) override;
  void StopAccepting() override;
  void Stop() override;

 private:
  void Accept();
  void OnAccept(error_code error, tcp::socket socket);

  const TransportOptions options_;
  net::io_context io_;
  net::executor_work_guard<net::io_context::executor_type> work_{io_.get_executor()};
  net::strand<net::io_context::executor_type> strand_{io_.get_executor()};
  std::optional<net::ssl::context> tls_;
  tcp::acceptor acceptor_{strand_};          // on strand_
  net::steady_timer accept_pause_{strand_};  // on strand_
  int port_ = 0;
  std::function<void(std::unique_ptr<ByteStream>)> on_stream_;
  std::vector<std::thread> threads_;
};

Status AsioTransport::Listen() {
  error_code error;
  const auto address = net::ip::make_address(options_.address, error);
  if (error) {
    return InvalidArgument("HTTP_ADDRESS_INVALID",
                           "\"" + options_.address + "\" is not an IP address to listen on.");
  }
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
  if (error) {
    return Unavailable("HTTP_ADDRESS_UNUSABLE", "Cannot listen on " + options_.address + " port " +
                                                    std::to_string(options_.port) + ": " +
                                                    error.message() + ".");
  }
  port_ = acceptor_.local_endpoint().port();
  return {};
}

Status AsioTransport::LoadCertificate() {
  if (options_.certificate_file.empty() && options_.key_file.empty()) return {};
  tls_.emplace(net::ssl::context::tls_server);
  tls_->set_options(net::ssl::context::default_workarounds | net::ssl::context::no_sslv2 |
                    net::ssl::context::no_sslv3 | net::ssl::context::no_tlsv1 |
                    net::ssl::context::no_tlsv1_1);
  error_code error;
  std::string file = options_.certificate_file;
  tls_->use_certificate_chain_file(file, error);
  if (!error) {
    file = options_.key_file;
    tls_->use_private_key_file(file, net::ssl::context::pem, error);
  }
  if (!error) return {};
  return FailedPrecondition("HTTP_CERTIFICATE_UNUSABLE",
                            "Cannot use \"" + file + "\" for TLS: " + error.message() + ".");
}

void AsioTransport::Start(std::function<void(std::unique_ptr<ByteStream>)> on_stream) {
  on_stream_ = std::move(on_stream);
  net::post(strand_, [this] { Accept(); });
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { io_.run(); });
  }
}

void AsioTransport::Accept() {
  acceptor_.async_accept(net::make_strand(io_), [this](error_code error, auto socket) {
    OnAccept(error, tcp::socket(std::move(socket)));
  });
}

void AsioTransport::OnAccept(error_code error, tcp::socket socket) {
  if (!acceptor_.is_open()) return;
  if (error) {
    // Out of file descriptors, for instance: asking again at once would only spin.
    accept_pause_.expires_after(kAcceptPause);
    accept_pause_.async_wait([this](error_code stopped) {
      if (!stopped && acceptor_.is_open()) Accept();
    });
    return;
  }
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(net::socket_base::keep_alive(true), ignored);
  std::string peer = socket.remote_endpoint(ignored).address().to_string();
  if (tls_) {
    on_stream_(std::make_unique<TlsStream>(std::move(peer), std::move(socket), *tls_));
  } else {
    on_stream_(std::make_unique<PlainStream>(std::move(peer), std::move(socket)));
  }
  Accept();
}

void AsioTransport::StopAccepting() {
  const auto close = [this] {
    error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
  };
  if (threads_.empty()) return close();
  std::promise<void> closed;
  net::post(strand_, [&] {
    close();
    closed.set_value();
  });
  closed.get_future().wait();
}

void AsioTransport::Stop() {
  work_.reset();
  io_.stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace

Result<std::unique_ptr<Transport>> Transport::Create(const TransportOptions& options) {
  auto transport = std::make_unique<AsioTransport>(options);
  if (auto status = transport->LoadCertificate(); !status.ok()) return status;
  if (auto status = transport->Listen(); !status.ok()) return status;
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace crm::gateway
