#include "libs/rpc/call.h"

#include <google/protobuf/descriptor.h>

namespace crm::rpc {

Call::Call(std::shared_ptr<Stream> stream, const google::protobuf::MethodDescriptor& method,
           std::string request, std::shared_ptr<void> slot)
    : stream_(std::move(stream)),
      method_(method),
      request_(std::move(request)),
      slot_(std::move(slot)) {
  if (!method.server_streaming()) return;
  stream_->OnDone([progress = progress_] {
    std::lock_guard lock(progress->mutex);
    progress->ended = true;
    progress->changed.notify_all();
  });
}

Call::~Call() {
  // Without effect where the handler has finished the call.
  stream_->Finish(std::nullopt, Status(Code::kInternal, "RPC_NOT_ANSWERED",
                                       "The server gave up this call without an answer."));
}

bool Call::Write(const std::string& message) {
  if (!method_.server_streaming()) return false;
  std::unique_lock lock(progress_->mutex);
  progress_->changed.wait(lock, [this] { return progress_->ended || !progress_->writing; });
  if (progress_->ended) return false;
  progress_->writing = true;
  lock.unlock();
  bool started = stream_->Write(message, [progress = progress_] {
    std::lock_guard relock(progress->mutex);
    progress->writing = false;
    progress->changed.notify_all();
  });
  if (started) return true;
  lock.lock();
  progress_->writing = false;
  progress_->ended = true;
  progress_->changed.notify_all();
  return false;
}

void Call::Finish(Result<std::string> response) {
  if (!response.ok()) {
    stream_->Finish(std::nullopt, response.status());
  } else if (method_.server_streaming()) {
    stream_->Finish(std::nullopt, Status::Ok());
  } else {
    stream_->Finish(std::move(response).value(), Status::Ok());
  }
}

void Call::AddInitialMetadata(std::string key, std::string value) {
  stream_->AddInitialMetadata(key, value);
}

}  // namespace crm::rpc
