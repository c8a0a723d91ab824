// For tests: sends bytes to a port of this machine and returns all that comes back until the other
// side closes.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace crm::runtime {

inline int ConnectTo(int port) {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  close(socket);
  return -1;
}

inline std::string ReadToEnd(int socket) {
  std::string answer;
  char chunk[4096];
  for (ssize_t size; (size = recv(socket, chunk, sizeof chunk, 0)) > 0;) {
    answer.append(chunk, static_cast<size_t>(size));
  }
  close(socket);
  return answer;
}

// "" where nobody listens.
inline std::string Exchange(int port, const std::string& request) {
  int socket = ConnectTo(port);
  if (socket < 0) return "";
  send(socket, request.data(), request.size(), MSG_NOSIGNAL);
  return ReadToEnd(socket);
}

inline std::string Get(int port, const std::string& path) {
  return Exchange(port, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

}  // namespace crm::runtime
