// Ticker: runs functions again and again on one thread until it is stopped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace crm {

class Ticker {
 public:
  // `tick` gets a token that is requested by Stop; it must come back soon after.
  Ticker(std::chrono::milliseconds interval, std::function<void(std::stop_token)> tick);
  ~Ticker();  // Stop()
  void Start();
  // Waits for the tick under way. Idempotent.
  void Stop();

 private:
  const std::chrono::milliseconds interval_;
  const std::function<void(std::stop_token)> tick_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace crm
