// A bounded set of connections that are lent one statement long.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "libs/pg/connection.h"

namespace crm::pg {

// Thread-safe. Outlives its leases.
class Pool {
 public:
  // A connection on loan; goes back, unless broken, with the end of the lease.
  class Lease {
   public:
    Lease(Pool* pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ~Lease() {
      if (connection_) pool_->Return(std::move(connection_));
    }
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    Connection* operator->() { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  explicit Pool(DatabaseOptions options) : options_(std::move(options)) {}

  // RESOURCE_EXHAUSTED after pool_wait, CANCELLED on `stop`, UNAVAILABLE where no connection can be
  // made. After such a failure nobody tries again for a while that grows from 50 ms to 1 s.
  Result<Lease> Take(const std::stop_token& stop);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Result<std::unique_ptr<Connection>> IdleOrPlace(const std::stop_token& stop);
  Result<Lease> Connect();
  void GiveUpPlace();
  void Return(std::unique_ptr<Connection> connection);

  const DatabaseOptions options_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::vector<std::unique_ptr<Connection>> idle_;  // GUARDED_BY(mutex_); the last used is the next
  size_t places_taken_ = 0;  // GUARDED_BY(mutex_); connections that exist or are being made
  std::chrono::milliseconds backoff_{0};  // GUARDED_BY(mutex_)
  SteadyTime next_connect_{};             // GUARDED_BY(mutex_)
};

}  // namespace crm::pg
