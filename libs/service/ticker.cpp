#include "libs/service/ticker.h"

namespace crm {

Ticker::Ticker(std::chrono::milliseconds interval, std::function<void(std::stop_token)> tick)
    : interval_(interval), tick_(std::move(tick)) {}

Ticker::~Ticker() {
  Stop();
}

void Ticker::Start() {
  thread_ = std::jthread([this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      tick_(stop);
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, interval_, [] { return false; });
    }
  });
}

void Ticker::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

}  // namespace crm
