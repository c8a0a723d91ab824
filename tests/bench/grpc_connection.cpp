#include "tests/bench/grpc_connection.h"

#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "libs/testing/eventually.h"

namespace crm::bench {
namespace {

// Larger than what is under way at once, so that nobody waits for a window.
constexpr int32_t kStreamWindow = 8 << 20;
constexpr int32_t kConnectionWindow = 256 << 20;
constexpr char kTimeout[] = "30S";
// Compressed or not, and its length in four bytes.
constexpr size_t kPrefix = 5;

std::string Framed(const std::string& message) {
  const auto size = static_cast<uint32_t>(message.size());
  std::string framed = {0, static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                        static_cast<char>(size >> 8), static_cast<char>(size)};
  return framed + message;
}

nghttp2_nv Field(const char* name, const std::string& value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name)),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), std::strlen(name),
          value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME};
}

void Must(int code, const char* what) {
  if (code != 0) throw std::runtime_error(std::string(what) + ": " + nghttp2_strerror(code));
}

}  // namespace

struct GrpcConnection::Call {
  Answer answer;
  std::string request;
  size_t sent = 0;
};

struct GrpcConnection::Callbacks {
  static Call* Find(nghttp2_session* session, int32_t stream) {
    return static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  static ssize_t OnRead(nghttp2_session*, int32_t, uint8_t* to, size_t room, uint32_t* flags,
                        nghttp2_data_source* source, void*) {
    auto& call = *static_cast<Call*>(source->ptr);
    const size_t size = std::min(room, call.request.size() - call.sent);
    std::memcpy(to, call.request.data() + call.sent, size);
    call.sent += size;
    if (call.sent == call.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void*) {
    Call* call = Find(session, frame->hd.stream_id);
    if (call == nullptr) return 0;
    const std::string_view field(reinterpret_cast<const char*>(name), name_size);
    const char* text = reinterpret_cast<const char*>(value);
    if (field == "grpc-status") call->answer.status.assign(text, value_size);
    if (field == "grpc-message") call->answer.message.assign(text, value_size);
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data,
                    size_t size, void*) {
    if (Call* call = Find(session, stream)) {
      call->answer.body.append(reinterpret_cast<const char*>(data), size);
    }
    return 0;
  }

  static int OnClose(nghttp2_session*, int32_t stream, uint32_t, void* self) {
    auto& connection = *static_cast<GrpcConnection*>(self);
    auto call = connection.calls_.extract(stream);
    if (call.empty()) return 0;
    Answer& answer = call.mapped()->answer;
    answer.body.erase(0, std::min(kPrefix, answer.body.size()));
    connection.on_answer_(std::move(answer));
    return 0;
  }
};

void GrpcConnection::DeleteSession::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

GrpcConnection::GrpcConnection(std::string address, OnAnswer on_answer)
    : address_(std::move(address)), on_answer_(std::move(on_answer)) {
  Connect();
}

GrpcConnection::~GrpcConnection() = default;

void GrpcConnection::Connect() {
  const int port = std::stoi(address_.substr(address_.rfind(':') + 1));
  if (!test::Eventually([&] { return (socket_ = test::Connect(port)).valid(); })) {
    throw std::runtime_error("nobody answers at " + address_);
  }
  fcntl(fd(), F_SETFL, fcntl(fd(), F_GETFL) | O_NONBLOCK);
  unsent_.clear();

  nghttp2_session_callbacks* raw = nullptr;
  Must(nghttp2_session_callbacks_new(&raw), "nghttp2");
  const std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)>
      callbacks(raw, nghttp2_session_callbacks_del);
  nghttp2_session_callbacks_set_on_header_callback(raw, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(raw, Callbacks::OnClose);
  nghttp2_session* session = nullptr;
  Must(nghttp2_session_client_new(&session, raw, this), "nghttp2");
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 2> settings = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}}};
  Must(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()),
       "settings");
  Must(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow),
       "window");
}

void GrpcConnection::Send(const Ask& ask, uint64_t number, Steady::time_point intended) {
  if (calls_.empty()) Receive();  // the end, where nobody has asked for long
  if (!socket_.valid() || nghttp2_session_check_request_allowed(session_.get()) == 0) {
    Lose();
    Connect();
  }
  auto call = std::make_unique<Call>();
  call->answer.number = number;
  call->answer.intended = intended;
  call->request = Framed(ask.body);
  static const std::string post = "POST", http = "http", grpc = "application/grpc",
                           trailers = "trailers", timeout = kTimeout;
  std::vector<nghttp2_nv> fields = {Field(":method", post),        Field(":scheme", http),
                                    Field(":path", ask.method),    Field(":authority", address_),
                                    Field("te", trailers),         Field("content-type", grpc),
                                    Field("grpc-timeout", timeout)};
  if (!ask.key.empty()) fields.push_back(Field("x-api-key", ask.key));
  const nghttp2_data_provider body{.source = {.ptr = call.get()},
                                   .read_callback = Callbacks::OnRead};
  const int32_t stream = nghttp2_submit_request(session_.get(), nullptr, fields.data(),
                                                fields.size(), &body, call.get());
  if (stream < 0) throw std::runtime_error(nghttp2_strerror(stream));
  calls_[stream] = std::move(call);
}

void GrpcConnection::Flush() {
  if (!socket_.valid()) return;
  const uint8_t* frame = nullptr;
  for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_.get(), &frame)) > 0;) {
    unsent_.append(reinterpret_cast<const char*>(frame), static_cast<size_t>(size));
  }
  if (unsent_.empty()) return;
  const ssize_t sent = send(fd(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(0, static_cast<size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != EINTR) Lose();
}

void GrpcConnection::Receive() {
  std::array<uint8_t, 64 << 10> bytes;
  while (socket_.valid()) {  // the end may stand behind what was said last
    const ssize_t size = recv(fd(), bytes.data(), bytes.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0 ||
        nghttp2_session_mem_recv(session_.get(), bytes.data(), static_cast<size_t>(size)) < 0) {
      return Lose();
    }
  }
}

void GrpcConnection::Lose() {
  socket_.Close();
  for (auto& [stream, call] : std::exchange(calls_, {})) {
    call->answer.status = "14";
    call->answer.message = "the connection was lost";
    on_answer_(std::move(call->answer));
  }
}

}  // namespace crm::bench
