#include "libs/pg/pool.h"

#include <algorithm>

#include "libs/pg/sqlstate.h"

namespace crm::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstBackoff{50};
constexpr milliseconds kLongestBackoff{1000};

}  // namespace

Result<Pool::Lease> Pool::Take(const std::stop_token& stop) {
  for (;;) {
    auto idle = IdleOrPlace(stop);
    if (!idle.ok()) return idle.status();
    if (*idle == nullptr) return Connect();
    if (!(*idle)->Stale()) return Lease(this, std::move(*idle));
    idle->reset();
    GiveUpPlace();
  }
}

// An idle connection, or null: the caller has the place for a new one.
Result<std::unique_ptr<Connection>> Pool::IdleOrPlace(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const bool free = freed_.wait_for(lock, stop, options_.pool_wait, [&] {
    return !idle_.empty() || places_taken_ < options_.pool_size;
  });
  if (stop.stop_requested()) {
    return StatusOf("57014", "The call was cancelled before a connection was free.")
        .With("sqlstate", "");
  }
  if (!free) {
    return Status(Code::kResourceExhausted, "PG_POOL_EXHAUSTED",
                  "All connections of the pool are busy; try again later.")
        .With("sqlstate", "")
        .RetryAfter(std::max(options_.pool_wait, milliseconds(100)));
  }
  if (idle_.empty()) {
    ++places_taken_;
    return std::unique_ptr<Connection>();
  }
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

Result<Pool::Lease> Pool::Connect() {
  const SteadyTime now = steady_clock::now();
  {
    std::lock_guard lock(mutex_);
    if (now < next_connect_) {
      --places_taken_;
      freed_.notify_one();
      return ConnectionLost("PostgreSQL could not be reached a moment ago.")
          .RetryAfter(std::chrono::ceil<milliseconds>(next_connect_ - now));
    }
  }
  auto connection = Connection::Connect(options_, std::nullopt);
  if (connection.ok()) {
    std::lock_guard lock(mutex_);
    backoff_ = milliseconds(0);
    return Lease(this, std::move(*connection));
  }
  {
    std::lock_guard lock(mutex_);
    backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
    next_connect_ = steady_clock::now() + backoff_;
  }
  GiveUpPlace();
  return connection.status();
}

void Pool::GiveUpPlace() {
  std::lock_guard lock(mutex_);
  --places_taken_;
  freed_.notify_one();
}

void Pool::Return(std::unique_ptr<Connection> connection) {
  if (connection->broken()) {
    connection.reset();
    GiveUpPlace();
    return;
  }
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  freed_.notify_one();
}

}  // namespace crm::pg
