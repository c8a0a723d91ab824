#include "tools/crmctl/remote.h"

#include <algorithm>
#include <thread>

namespace crm::ctl {

namespace {

using std::chrono::milliseconds;

constexpr int kTries = 12;
constexpr milliseconds kFirstDelay{20};
constexpr milliseconds kLongestDelay{5000};

}  // namespace

bool IsTransient(const Status& status) {
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kAborted:
    case Code::kResourceExhausted:
    case Code::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

bool IsRefusal(const Status& status) {
  switch (status.code()) {
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kAlreadyExists:
    case Code::kNotFound:
    case Code::kOutOfRange:
      return true;
    default:
      return false;
  }
}

Status Remote::Open(const std::string& service) {
  auto client = session_.ClientOf(service + "/");
  if (!client) return client.status();
  clients_[service] = *client;
  return Status::Ok();
}

Status Remote::Call(const google::protobuf::MethodDescriptor& method,
                    const google::protobuf::Message& request,
                    google::protobuf::Message& response) const {
  auto options = session_.CallOptions();
  if (!run_.empty()) options.metadata.emplace("x-crm-run", run_);
  const std::string path = method.service()->full_name() + "/" + method.name();
  auto* client = clients_.at(method.service()->full_name());
  milliseconds delay = kFirstDelay;
  for (int tries = 1;; ++tries) {
    Status called = client->Call(path, request, response, options);
    if (!IsTransient(called) || tries == kTries) return called;
    std::this_thread::sleep_for(std::max(delay, called.retry_after().value_or(delay)));
    delay = std::min(delay * 2, kLongestDelay);
  }
}

void RunAll(size_t count, size_t threads, const std::function<void(size_t)>& task) {
  std::atomic<size_t> next = 0;
  std::vector<std::jthread> workers;
  for (size_t i = 0; i < std::min(count, threads); ++i) {
    workers.emplace_back([&] {
      for (size_t index = next++; index < count; index = next++) task(index);
    });
  }
}

}  // namespace crm::ctl
