#include "libs/runtime/admin_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>

namespace crm::runtime {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kMaxConnections = 32;
constexpr uint32_t kMaxHeaderBytes = 8 << 10;
constexpr std::chrono::seconds kRequestTime(5);

Status Unusable(const std::string& address, const std::string& why) {
  Status status = Unavailable("ADMIN_ADDRESS_UNUSABLE",
                              "The admin server cannot listen on " + address + ": " + why + ".");
  status.With("address", address);
  return status;
}

// One connection: reads one request, answers it, closes. Keeps itself alive by its own handlers.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const AdminServer::Pages& pages, std::function<void()> on_end)
      : stream_(std::move(socket)), pages_(pages), on_end_(std::move(on_end)) {
    parser_.header_limit(kMaxHeaderBytes);
    parser_.body_limit(std::uint64_t{0});
  }
  ~Connection() { on_end_(); }

  void Run() {
    stream_.expires_after(kRequestTime);
    http::async_read(stream_, buffer_, parser_,
                     [self = shared_from_this()](error_code error, size_t) {
                       if (error == http::error::body_limit) return self->Answer({413});
                       if (error == http::error::header_limit) return self->Answer({431});
                       if (!error) self->Answer(self->Page());
                     });
  }

 private:
  AdminPage Page() const {
    const auto& request = parser_.get();
    if (request.method() != http::verb::get && request.method() != http::verb::head) return {405};
    std::string path(request.target().substr(0, request.target().find('?')));
    auto page = pages_.find(path);
    return page == pages_.end() ? AdminPage{404} : page->second();
  }

  void Answer(const AdminPage& page) {
    response_.result(static_cast<unsigned>(page.status));
    response_.set(http::field::content_type, page.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.keep_alive(false);
    std::string body = page.body;
    if (body.empty()) body = std::string(response_.reason()) + "\n";
    response_.content_length(body.size());
    if (page.status == 405) response_.set(http::field::allow, "GET, HEAD");
    if (parser_.get().method() != http::verb::head) response_.body() = std::move(body);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code, size_t) {
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream stream_;
  const AdminServer::Pages& pages_;
  const std::function<void()> on_end_;
  beast::flat_buffer buffer_{kMaxHeaderBytes + 1024};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

class AdminServer::Listener {
 public:
  explicit Listener(Pages pages) : pages_(std::move(pages)) {}

  ~Listener() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    stopped_ = true;
  }

  Status Open(const std::string& address) {
    size_t colon = address.rfind(':');
    if (colon == std::string::npos) return Unusable(address, "it is not host:port");
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    error_code error;
    auto found = tcp::resolver(context_).resolve(
        host.empty() ? "0.0.0.0" : host, address.substr(colon + 1), tcp::resolver::passive, error);
    if (error) return Unusable(address, error.message());
    tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return Unusable(address, error.message());
    port_ = acceptor_.local_endpoint().port();
    Accept();
    thread_ = std::thread([this] { context_.run(); });
    return Status();
  }

  int port() const { return port_; }

 private:
  // At the bound nothing is accepted until a connection ends; what comes meanwhile waits in the
  // kernel's queue.
  void Accept() {
    if (accepting_ || open_ >= kMaxConnections) return;
    accepting_ = true;
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      accepting_ = false;
      if (!error) {
        ++open_;
        std::make_shared<Connection>(std::move(socket), pages_, [this] { Ended(); })->Run();
      }
      if (error) return AcceptLater();
      Accept();
    });
  }

  // Out of descriptors or the like: trying again at once would only burn the processor.
  void AcceptLater() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](error_code error) {
      if (!error) Accept();
    });
  }

  void Ended() {
    --open_;
    if (!stopped_) Accept();
  }

  const Pages pages_;
  size_t open_ = 0;         // of the server's thread
  bool accepting_ = false;  // of the server's thread
  bool stopped_ = false;    // once that thread has ended
  int port_ = 0;
  // Behind what its handlers use, so that those still queued are dropped first.
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  asio::steady_timer retry_{context_};
  std::thread thread_;
};

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& address, Pages pages) {
  auto listener = std::make_unique<Listener>(std::move(pages));
  Status status = listener->Open(address);
  if (!status.ok()) return status;
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(listener)));
}

AdminServer::AdminServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}

AdminServer::~AdminServer() = default;

int AdminServer::port() const {
  return listener_->port();
}

}  // namespace crm::runtime
