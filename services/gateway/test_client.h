// TestClient: an HTTP client for tests that sees every byte. It sends what it is given and reads
// one response at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace crm::gateway {

struct TestResponse {
  int status = 0;                              // 0: the connection ended before a whole head
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Not thread-safe. Reads give up after ten seconds, so that a test fails instead of hanging.
class TestClient {
 public:
  // `receive_buffer`: small, so that a server that writes much soon has to wait; 0: as the system
  // likes.
  explicit TestClient(int port, int receive_buffer = 0)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (receive_buffer > 0) {
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~TestClient() { close(socket_); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void HalfClose() { shutdown(socket_, SHUT_WR); }

  // Sends a request of HTTP/1.1 with Host and, for a body, its length and type. `headers` are whole
  // lines.
  void Request(const std::string& method, const std::string& target, const std::string& body = "",
               const std::string& headers = "") {
    std::string bytes = method + " " + target + " HTTP/1.1\r\nHost: test\r\n" + headers;
    if (!body.empty()) {
      bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
      if (headers.find("Content-Type") == std::string::npos) {
        bytes += "Content-Type: application/json\r\n";
      }
    }
    Send(bytes + "\r\n" + body);
  }
  TestResponse Call(const std::string& method, const std::string& target,
                    const std::string& body = "", const std::string& headers = "") {
    Request(method, target, body, headers);
    return Receive(method != "HEAD");
  }

  // A response by its Content-Length or chunks.
  TestResponse Receive(bool has_body = true) {
    TestResponse response = ReceiveHead();
    if (!has_body) return response;
    if (response.headers.count("content-length") > 0) {
      response.body = Take(std::stoul(response.headers["content-length"]));
    } else if (response.headers["transfer-encoding"] == "chunked") {
      while (const size_t size = std::stoul("0" + ReadUntil("\r\n"), nullptr, 16)) {
        response.body += Take(size);
        Take(2);
      }
      Take(2);
    }
    return response;
  }
  // The head alone; what follows is for ReadUntil().
  TestResponse ReceiveHead() {
    TestResponse response;
    const std::string head = ReadUntil("\r\n\r\n");
    if (!head.starts_with("HTTP/1.1 ")) return response;
    response.status = std::stoi(head.substr(9, 3));
    size_t start = head.find("\r\n") + 2;
    while (start + 2 < head.size()) {
      const size_t end = head.find("\r\n", start);
      const size_t colon = head.find(": ", start);
      std::string name = head.substr(start, colon - start);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return std::tolower(c); });
      response.headers[name] = head.substr(colon + 2, end - colon - 2);
      start = end + 2;
    }
    return response;
  }
  // Up to and with `end`; what there was where the connection ends before.
  std::string ReadUntil(std::string_view end) {
    while (buffer_.find(end) == std::string::npos) {
      if (!Fill()) return Take(buffer_.size());
    }
    return Take(buffer_.find(end) + end.size());
  }
  // Whether the server has closed and everything it sent has been read.
  bool AtEnd() {
    if (!buffer_.empty()) return false;
    char byte;
    const ssize_t got = recv(socket_, &byte, 1, 0);
    if (got > 0) buffer_ += byte;
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  bool Fill() {
    char bytes[16384];
    const ssize_t got = recv(socket_, bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(got));
    return true;
  }
  std::string Take(size_t bytes) {
    while (buffer_.size() < bytes && Fill()) {
    }
    std::string taken = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return taken;
  }

  const int socket_;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace crm::gateway
