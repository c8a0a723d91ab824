#include "tests/bench/load.h"

#include <poll.h>

#include <deque>
#include <optional>
#include <random>
#include <stdexcept>
#include <vector>

namespace crm::bench {
namespace {

using std::chrono::nanoseconds;

// Longer than the server waits for itself.
constexpr std::chrono::seconds kPatience(60);
// An open loop that is hopelessly behind stops asking; what it did not ask counts as failed.
constexpr size_t kMostUnderWay = 20'000;

std::string ErrorOf(const Answer& answer) {
  return "grpc-status " + answer.status + ": " + answer.message;
}

}  // namespace

struct Load::Rep {
  std::vector<std::unique_ptr<GrpcConnection>> connections;
  std::deque<Answer> answers;
  uint64_t number = 0;
  size_t under_way = 0;

  void Send(const Ask& ask, Steady::time_point intended) {
    connections[number % connections.size()]->Send(ask, number, intended);
    ++number;
    ++under_way;
  }

  // The next answer. nullopt: none came until then. What was sent leaves with all that the answers
  // at hand have led to.
  std::optional<Answer> Next(Steady::time_point until) {
    do {
      if (answers.empty()) Gather(until);
    } while (answers.empty() && Steady::now() < until);
    if (answers.empty()) return std::nullopt;
    Answer answer = std::move(answers.front());
    answers.pop_front();
    --under_way;
    return answer;
  }

  void Gather(Steady::time_point until) {
    std::vector<pollfd> sockets;
    for (auto& connection : connections) {
      connection->Flush();
      const int events = POLLIN | (connection->blocked() ? POLLOUT : 0);
      sockets.push_back({connection->fd(), static_cast<short>(events), 0});
    }
    if (!answers.empty()) return;  // a connection was lost
    const auto left = std::max(nanoseconds(0), nanoseconds(until - Steady::now()));
    const timespec time{.tv_sec = left.count() / 1'000'000'000,
                        .tv_nsec = left.count() % 1'000'000'000};
    if (ppoll(sockets.data(), sockets.size(), &time, nullptr) <= 0) return;
    for (size_t i = 0; i < sockets.size(); ++i) {
      if (sockets[i].revents != 0) connections[i]->Receive();
    }
  }
};

namespace {

void Count(const Answer& answer, Steady::time_point end, LoadResult& result) {
  auto now = Steady::now();
  if (!answer.good()) {
    if (result.failed++ == 0) result.first_error = ErrorOf(answer);
    return;
  }
  ++result.good;
  result.checksum += answer.number;
  if (now > end) return;
  ++result.answered;
  result.latency.Add(now - answer.intended);
}

Steady::duration Span(double seconds) {
  return std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Load::Load(const std::string& address, int connections) : rep_(std::make_unique<Rep>()) {
  for (int i = 0; i < connections; ++i) {
    rep_->connections.push_back(std::make_unique<GrpcConnection>(
        address, [rep = rep_.get()](Answer answer) { rep->answers.push_back(std::move(answer)); }));
  }
}

Load::~Load() = default;

LoadResult Load::Closed(int concurrency, double seconds, const Make& make) {
  LoadResult result;
  const auto start = Steady::now();
  const auto end = start + Span(seconds);
  for (int i = 0; i < concurrency; ++i) rep_->Send(make(rep_->number), Steady::now());
  while (rep_->under_way > 0) {
    auto answer = rep_->Next(Steady::now() + kPatience);
    if (!answer) throw std::runtime_error("no answer for a minute");
    Count(*answer, end, result);
    if (Steady::now() < end) rep_->Send(make(rep_->number), Steady::now());
  }
  result.seconds = seconds;
  return result;
}

LoadResult Load::Open(double rate, double seconds, const Make& make, const OnAnswer& on_answer) {
  LoadResult result;
  std::mt19937_64 random(rep_->number);
  std::exponential_distribution<double> gap(rate);
  const auto start = Steady::now();
  const auto end = start + Span(seconds);
  auto next = start + Span(gap(random));
  while (next < end || rep_->under_way > 0) {
    if (next < end && Steady::now() >= next) {
      if (rep_->under_way < kMostUnderWay) {
        rep_->Send(make(rep_->number), next);
      } else {
        ++result.failed;
      }
      next += Span(gap(random));
      continue;
    }
    auto answer = rep_->Next(next < end ? next : end + kPatience);
    if (!answer) {
      if (next >= end) throw std::runtime_error("no answer for a minute");
      continue;
    }
    // An answer after the end counts all the same: the slow ones are what is looked for.
    Count(*answer, Steady::time_point::max(), result);
    if (answer->good() && on_answer) on_answer(answer->number, answer->body);
  }
  result.seconds = seconds;
  return result;
}

std::string Load::Once(const Ask& ask) {
  rep_->Send(ask, Steady::now());
  auto answer = rep_->Next(Steady::now() + kPatience);
  if (!answer) throw std::runtime_error(ask.method + " has no answer");
  if (!answer->good()) throw std::runtime_error(ask.method + ": " + ErrorOf(*answer));
  return std::move(answer->body);
}

}  // namespace crm::bench
