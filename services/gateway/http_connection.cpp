#include "services/gateway/http_connection.h"

#include <charconv>
#include <deque>
#include <optional>

#include "services/gateway/error_response.h"
#include "services/gateway/outbox.h"
#include "services/gateway/request_parser.h"

namespace crm::gateway {
namespace {

// What a client may send ahead while an answer is under way; above it nobody watches whether it is
// still there.
constexpr size_t kReadAheadBytes = 64 << 10;
constexpr size_t kOutboxBytes = 64 << 10;
// How long a closing connection reads on, so that the client gets the answer and no reset.
constexpr auto kLinger = std::chrono::seconds(2);

std::string Chunk(const std::string& bytes) {
  char size[16];
  const auto [end, error] = std::to_chars(size, size + sizeof(size), bytes.size(), 16);
  return std::string(size, end) + "\r\n" + bytes + "\r\n";
}

class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::unique_ptr<ByteStream> stream, std::shared_ptr<const ConnectionSetup> setup,
             std::shared_ptr<void> slot)
      : setup_(std::move(setup)),
        stream_(std::move(stream)),
        deadline_(stream_->NewTimer()),
        pulse_(stream_->NewTimer()),
        slot_(std::move(slot)),
        parser_(setup_->options.max_header_bytes, setup_->options.max_body_bytes) {}

  void Start() override;
  void Drain() override;
  void Abort() override {
    Post([self = shared_from_this()] { self->Close(); });
  }

  // Called by the exchange, from any thread.
  void Post(std::function<void()> task) { stream_->Post(std::move(task)); }
  void Answer(HttpResponse response);
  void OpenStream(HttpResponse head, StreamOptions options);
  void Flush();
  void EndStream(HttpResponse instead, const std::string& tail);

 private:
  enum class State { kHandshake, kReading, kAnswering, kLingering, kClosed };
  struct Output {
    std::string bytes;
    std::function<void()> after;
  };
  // A streamed answer.
  struct Streaming {
    HttpResponse head;
    StreamOptions options;
    bool opened = false;
    bool ended = false;
    bool beaten = false;  // something was sent since the last pulse
  };

  void AwaitRequest(std::chrono::milliseconds patience);
  void Read();
  void OnRead(std::error_code error, size_t bytes);
  void Parse();
  void Dispatch();
  void Refuse(const Status& status);
  std::string Head(HttpResponse response) const;
  void AfterAnswer();
  void Linger();
  void Close();
  void Pulse();
  void PulseAfter(std::chrono::milliseconds delay);
  void Arm(std::chrono::milliseconds patience);
  void OnDeadline();
  void Send(std::string bytes, std::function<void()> after);
  void SendNext();

  const std::shared_ptr<const ConnectionSetup> setup_;

  // All below: on the strand only.
  const std::unique_ptr<ByteStream> stream_;
  const std::unique_ptr<Timer> deadline_;
  const std::unique_ptr<Timer> pulse_;
  std::shared_ptr<void> slot_;
  State state_ = State::kHandshake;
  RequestParser parser_;
  bool reading_ = false;
  bool peer_done_ = false;  // it sends no more
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool head_only_ = false;
  bool draining_ = false;
  std::deque<Output> output_;  // the first is under way
  std::optional<std::stop_source> stop_;
  std::shared_ptr<Outbox> outbox_;
  std::optional<Streaming> streaming_;
};

class Exchange final : public HttpExchange {
 public:
  Exchange(std::shared_ptr<Connection> connection, HttpRequest request, std::stop_token stop,
           std::shared_ptr<Outbox> outbox)
      : connection_(std::move(connection)),
        request_(std::move(request)),
        stop_(std::move(stop)),
        outbox_(std::move(outbox)) {}
  ~Exchange() override {
    if (!answered_) Respond(ErrorResponse(Internal("The request was dropped without an answer.")));
  }

  const HttpRequest& request() const override { return request_; }
  std::stop_token stop_token() const override { return stop_; }
  void Respond(HttpResponse response) override {
    if (std::exchange(answered_, true)) return;
    connection_->Post([connection = connection_, response = std::move(response)]() mutable {
      connection->Answer(std::move(response));
    });
  }
  void OpenStream(HttpResponse head, StreamOptions options) override {
    connection_->Post(
        [connection = connection_, head = std::move(head), options = std::move(options)]() mutable {
          connection->OpenStream(std::move(head), std::move(options));
        });
  }
  bool Write(std::string chunk) override {
    if (!outbox_->Push(chunk)) return false;
    connection_->Post([connection = connection_] { connection->Flush(); });
    return true;
  }
  void EndStream(HttpResponse instead, std::string tail) override {
    if (std::exchange(answered_, true)) return;
    connection_->Post(
        [connection = connection_, instead = std::move(instead), tail = std::move(tail)]() mutable {
          connection->EndStream(std::move(instead), tail);
        });
  }

 private:
  const std::shared_ptr<Connection> connection_;
  const HttpRequest request_;
  const std::stop_token stop_;
  const std::shared_ptr<Outbox> outbox_;
  bool answered_ = false;
};

void Connection::Start() {
  Post([self = shared_from_this()] {
    self->Arm(self->setup_->options.header_timeout);
    self->stream_->Handshake([self](std::error_code error) {
      if (error || self->state_ == State::kClosed) return self->Close();
      self->AwaitRequest(self->setup_->options.header_timeout);
    });
  });
}

void Connection::AwaitRequest(std::chrono::milliseconds patience) {
  state_ = State::kReading;
  parser_.Begin();
  Arm(patience);
  Parse();
}

void Connection::Read() {
  if (reading_ || peer_done_ || state_ == State::kClosed) return;
  reading_ = true;
  stream_->ReadSome(parser_.Space(),
                    [self = shared_from_this()](std::error_code error, size_t bytes) {
                      self->OnRead(error, bytes);
                    });
}

void Connection::OnRead(std::error_code error, size_t bytes) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  if (error) {
    peer_done_ = true;
    if (error != std::errc::no_message_available || state_ != State::kAnswering) return Close();
    // It may have closed its half only and still read.
    keep_alive_ = false;
    if (stop_) stop_->request_stop();
    return;
  }
  parser_.Commit(bytes);
  if (state_ == State::kReading) return Parse();
  if (state_ == State::kLingering) parser_.DropBuffered();
  if (parser_.buffered() < kReadAheadBytes) Read();
}

void Connection::Parse() {
  const bool had_started = parser_.started();
  const bool had_header = parser_.header_done();
  const Status status = parser_.Parse();
  if (parser_.header_done() && !had_header) {
    head_only_ = parser_.is_head();
    keep_alive_ = parser_.keeps_alive();
    chunked_ = parser_.understands_chunks();
    Arm(setup_->options.body_timeout);
  } else if (parser_.started() && !had_started) {
    Arm(setup_->options.header_timeout);
  }
  if (!status.ok()) return Refuse(status);
  if (parser_.done()) return Dispatch();
  if (peer_done_) return Close();
  if (!had_header && parser_.awaits_continue()) Send("HTTP/1.1 100 Continue\r\n\r\n", [] {});
  Read();
}

void Connection::Dispatch() {
  deadline_->Stop();
  HttpRequest request = parser_.Take();
  request.peer = stream_->peer();
  state_ = State::kAnswering;
  stop_.emplace();
  outbox_ = std::make_shared<Outbox>(kOutboxBytes);
  Read();
  setup_->handler(std::make_shared<Exchange>(shared_from_this(), std::move(request),
                                             stop_->get_token(), outbox_));
}

void Connection::Refuse(const Status& status) {
  state_ = State::kAnswering;
  keep_alive_ = false;
  deadline_->Stop();
  setup_->options.on_refused(status);
  Answer(ErrorResponse(status));
}

std::string Connection::Head(HttpResponse response) const {
  response.SetHeader("Date",
                     FormatHttpDate(std::chrono::floor<std::chrono::seconds>(setup_->clock.Now())));
  response.SetHeader("Connection", keep_alive_ && !draining_ ? "keep-alive" : "close");
  return FormatHead(response);
}

void Connection::Answer(HttpResponse response) {
  if (state_ != State::kAnswering) return;
  if (response.status != 204) {
    response.SetHeader("Content-Length", std::to_string(response.body.size()));
  }
  std::string bytes = Head(response);
  if (!head_only_ && response.status != 204) bytes += response.body;
  Send(std::move(bytes), [this] { AfterAnswer(); });
}

void Connection::OpenStream(HttpResponse head, StreamOptions options) {
  if (state_ != State::kAnswering) return;
  streaming_ = Streaming{.head = std::move(head), .options = std::move(options)};
  if (!chunked_) keep_alive_ = false;
  if (draining_ && stop_) stop_->request_stop();
  PulseAfter(streaming_->options.open_after);
}

void Connection::Pulse() {
  if (!streaming_ || state_ != State::kAnswering) return;
  const auto& options = streaming_->options;
  if (!streaming_->opened) {
    Flush();
  } else if (!options.heartbeat.empty() && !streaming_->beaten && output_.empty()) {
    Send(chunked_ ? Chunk(options.heartbeat) : options.heartbeat, [this] { Flush(); });
  }
  streaming_->beaten = false;
  PulseAfter(options.heartbeat_interval);
}

void Connection::PulseAfter(std::chrono::milliseconds delay) {
  pulse_->Start(delay, [self = shared_from_this()] { self->Pulse(); });
}

void Connection::Flush() {
  if (!streaming_ || state_ != State::kAnswering || !output_.empty()) return;
  std::string bytes;
  if (!std::exchange(streaming_->opened, true)) {
    if (chunked_) streaming_->head.SetHeader("Transfer-Encoding", "chunked");
    bytes = Head(streaming_->head);
  }
  const std::string content = outbox_->Take();
  if (!content.empty() && !head_only_) bytes += chunked_ ? Chunk(content) : content;
  const bool last = streaming_->ended && content.empty();
  if (last && chunked_ && !head_only_) bytes += "0\r\n\r\n";
  if (!bytes.empty()) streaming_->beaten = true;
  if (last) return Send(std::move(bytes), [this] { AfterAnswer(); });
  if (!bytes.empty()) Send(std::move(bytes), [this] { Flush(); });
}

void Connection::EndStream(HttpResponse instead, const std::string& tail) {
  if (!streaming_ || state_ != State::kAnswering) return;
  if (!streaming_->opened) {
    streaming_.reset();
    pulse_->Stop();
    return Answer(std::move(instead));
  }
  streaming_->ended = true;
  outbox_->Append(tail);
  Flush();
}

void Connection::AfterAnswer() {
  pulse_->Stop();
  streaming_.reset();
  stop_.reset();
  if (outbox_) outbox_->Close();
  outbox_.reset();
  if (!keep_alive_ || draining_) return Linger();
  AwaitRequest(setup_->options.idle_timeout);
}

void Connection::Linger() {
  if (peer_done_) return Close();
  state_ = State::kLingering;
  parser_.DropBuffered();
  Arm(kLinger);
  stream_->ShutdownSend();
  Read();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  deadline_->Stop();
  pulse_->Stop();
  if (stop_) stop_->request_stop();
  if (outbox_) outbox_->Close();
  stream_->Close();
  slot_.reset();
}

void Connection::Drain() {
  Post([self = shared_from_this()] {
    self->draining_ = true;
    if (self->streaming_ && self->stop_) self->stop_->request_stop();
    const bool idle = self->state_ == State::kReading && !self->parser_.started();
    if (idle || self->state_ == State::kHandshake) self->Close();
  });
}

void Connection::Arm(std::chrono::milliseconds patience) {
  deadline_->Start(patience, [self = shared_from_this()] { self->OnDeadline(); });
}

void Connection::OnDeadline() {
  if (state_ != State::kReading || !parser_.started()) return Close();
  Refuse(Status(Code::kDeadlineExceeded, "HTTP_REQUEST_TIMEOUT",
                "The request did not arrive in time. Send it again over a faster connection."));
}

void Connection::Send(std::string bytes, std::function<void()> after) {
  output_.push_back({std::move(bytes), std::move(after)});
  if (output_.size() == 1) SendNext();
}

void Connection::SendNext() {
  if (state_ == State::kAnswering) Arm(setup_->options.write_timeout);
  stream_->Write(output_.front().bytes, [self = shared_from_this()](std::error_code error, size_t) {
    if (self->state_ == State::kClosed) return;
    if (error) return self->Close();
    if (self->state_ == State::kAnswering) self->deadline_->Stop();
    const auto after = std::move(self->output_.front().after);
    self->output_.pop_front();
    if (!self->output_.empty()) self->SendNext();
    after();
  });
}

}  // namespace

std::shared_ptr<HttpConnection> HttpConnection::Make(std::unique_ptr<ByteStream> stream,
                                                     std::shared_ptr<const ConnectionSetup> setup,
                                                     std::shared_ptr<void> slot) {
  return std::make_shared<Connection>(std::move(stream), std::move(setup), std::move(slot));
}

}  // namespace crm::gateway
