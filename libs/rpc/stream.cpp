#include "libs/rpc/stream.h"

#include "libs/rpc/wire.h"

namespace crm::rpc {

namespace {

std::optional<SteadyTime> DeadlineOf(const grpc::GenericServerContext& context) {
  gpr_timespec raw = context.raw_deadline();
  if (gpr_time_cmp(raw, gpr_inf_future(raw.clock_type)) == 0) return std::nullopt;
  return std::chrono::steady_clock::now() + TimeLeft(raw);
}

std::string_view View(const grpc::string_ref& text) {
  return {text.data(), text.size()};
}

}  // namespace

void Stream::Accept(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue,
                    LiveStreams& live, Accepted accepted) {
  auto stream = std::make_shared<Stream>(live);
  stream->self_ = stream;
  stream->accepted_ = std::move(accepted);
  Transport& transport = *stream->transport_;
  transport.context.AsyncNotifyWhenDone(&stream->done_event_);
  service.RequestCall(&transport.context, &transport.stream, &queue, &queue,
                      &stream->accept_event_);
}

void Stream::Serve(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
    auto* event = static_cast<Event*>(tag);
    (event->stream->*event->complete)(ok);
  }
}

void Stream::CompleteAccept(bool ok) {
  auto accepted = std::move(accepted_);
  if (!ok) {
    // The server shut down first: gRPC sends no done event for a call that never was.
    std::unique_lock lock(mutex_);
    done_ = true;
    lock.unlock();
    Settle();
    return;
  }
  const auto& context = transport_->context;
  method_ = context.method().substr(context.method().starts_with('/') ? 1 : 0);
  for (const auto& [key, value] : context.client_metadata()) {
    metadata_.emplace(View(key), View(value));
  }
  peer_ = context.peer();
  deadline_ = DeadlineOf(context);
  accepted(shared_from_this());
  Settle();
}

void Stream::Read(Received then) {
  std::unique_lock lock(mutex_);
  if (!Live()) {
    lock.unlock();
    then(std::nullopt);
    return;
  }
  received_ = std::move(then);
  ++pending_;
  transport_->stream.Read(&transport_->incoming, &read_event_);
}

void Stream::CompleteRead(bool ok) {
  std::optional<std::string> message;
  std::unique_lock lock(mutex_);
  auto then = std::move(received_);
  received_ = nullptr;
  if (ok) message = ToString(transport_->incoming);
  lock.unlock();
  then(std::move(message));
  Settle();
}

bool Stream::Write(const std::string& message, Done then) {
  std::lock_guard lock(mutex_);
  if (!Live() || writing_) return false;
  writing_ = true;
  written_ = std::move(then);
  ++pending_;
  transport_->stream.Write(ToBuffer(message), &write_event_);
  return true;
}

void Stream::CompleteWrite(bool) {
  std::unique_lock lock(mutex_);
  writing_ = false;
  auto then = std::move(written_);
  written_ = nullptr;
  if (ending_ && !done_) StartFinish(*ending_);
  ending_.reset();
  lock.unlock();
  then();
  Settle();
}

void Stream::Finish(std::optional<std::string> last, const Status& status) {
  std::lock_guard lock(mutex_);
  if (!Live()) return;
  finishing_ = true;
  Ending ending{std::move(last), status};
  if (writing_) {
    ending_ = std::move(ending);
  } else {
    StartFinish(ending);
  }
}

void Stream::StartFinish(const Ending& ending) {
  ++pending_;
  if (ending.last && ending.status.ok()) {
    transport_->stream.WriteAndFinish(ToBuffer(*ending.last), grpc::WriteOptions(),
                                      grpc::Status::OK, &finish_event_);
  } else {
    transport_->stream.Finish(ToGrpc(ending.status), &finish_event_);
  }
}

void Stream::CompleteFinish(bool) {
  Settle();
}

void Stream::AddInitialMetadata(const std::string& key, const std::string& value) {
  std::string lower = LowerCase(key);
  if (!LegalMetadata(lower, value)) return;
  std::lock_guard lock(mutex_);
  if (Live()) transport_->context.AddInitialMetadata(lower, value);
}

void Stream::CompleteDone(bool) {
  std::unique_lock lock(mutex_);
  done_ = true;
  bool cancelled = transport_->context.IsCancelled();
  ++pending_;  // keeps this alive until the continuations below have run
  lock.unlock();
  if (auto on_done = std::move(on_done_)) on_done();
  if (cancelled) stop_.request_stop();
  Settle();
}

void Stream::Settle() {
  std::unique_ptr<Transport> transport;
  std::shared_ptr<Stream> self;
  std::lock_guard lock(mutex_);
  if (--pending_ > 0 || !done_) return;
  transport = std::move(transport_);
  self = std::move(self_);
}

}  // namespace crm::rpc
