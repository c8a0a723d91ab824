// Load: a client that asks as fast as it is told to, in one thread, with bytes that are ready made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tests/bench/grpc_connection.h"
#include "tests/bench/histogram.h"

namespace crm::bench {

struct LoadResult {
  uint64_t answered = 0;  // within the time
  uint64_t good = 0;      // altogether, with those under way when time was over
  uint64_t failed = 0;
  // Sum of the numbers of the good ones, so that what they made can be told from anything else.
  uint64_t checksum = 0;
  std::string first_error;
  double seconds = 0;
  Histogram latency;
};

// Not thread-safe.
class Load {
 public:
  // What the call number `n` of this object's life asks for. Numbers are never used twice.
  using Make = std::function<Ask(uint64_t n)>;
  // A good answer of the call number `n`, and when it was there.
  using OnAnswer = std::function<void(uint64_t n, const std::string& bytes)>;

  // `connections`: calls are spread over so many.
  explicit Load(const std::string& address, int connections = 4);
  ~Load();

  // Closed loop: always `concurrency` calls under way.
  LoadResult Closed(int concurrency, double seconds, const Make& make);
  // Open loop: calls at random moments (Poisson), `rate` a second on average, however slow the
  // answers; latency counts from the moment at which a call was meant to be sent.
  LoadResult Open(double rate, double seconds, const Make& make, const OnAnswer& on_answer = {});
  // One call; throws std::runtime_error where it fails.
  std::string Once(const Ask& ask);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::bench
