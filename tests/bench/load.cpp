#include "tests/bench/load.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <random>
#include <stdexcept>
#include <vector>

#include "libs/rpc/wire.h"

namespace crm::bench {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::seconds kDeadline(30);
// An open loop that is hopelessly behind stops asking; what it did not ask counts as failed.
constexpr size_t kMostUnderWay = 20'000;

struct Pending {
  uint64_t number = 0;
  Steady::time_point intended;
  grpc::ClientContext context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
};

}  // namespace

struct Load::Rep {
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  grpc::CompletionQueue queue;
  uint64_t number = 0;
  size_t under_way = 0;

  void Send(const Ask& ask, Steady::time_point intended) {
    auto* call = new Pending;  // comes back through the queue
    call->number = number;
    call->intended = intended;
    call->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    if (!ask.key.empty()) call->context.AddMetadata("x-api-key", ask.key);
    auto& stub = *stubs[number % stubs.size()];
    call->reader =
        stub.PrepareUnaryCall(&call->context, ask.method, rpc::ToBuffer(ask.body), &queue);
    call->reader->StartCall();
    call->reader->Finish(&call->answer, &call->status, call);
    ++number;
    ++under_way;
  }

  // nullptr: none came until then.
  std::unique_ptr<Pending> Next(Steady::time_point until) {
    void* tag = nullptr;
    bool ok = false;
    auto left = std::max(nanoseconds(0), nanoseconds(until - Steady::now()));
    auto deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left.count(), GPR_TIMESPAN));
    if (queue.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return nullptr;
    --under_way;
    return std::unique_ptr<Pending>(static_cast<Pending*>(tag));
  }
};

namespace {

void Count(const Pending& call, Steady::time_point end, LoadResult& result) {
  auto now = Steady::now();
  if (!call.status.ok()) {
    if (result.failed++ == 0) result.first_error = rpc::FromGrpc(call.status).ToString();
    return;
  }
  ++result.good;
  result.checksum += call.number;
  if (now > end) return;
  ++result.answered;
  result.latency.Add(now - call.intended);
}

Steady::duration Span(double seconds) {
  return std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Load::Load(const std::string& address, int connections) : rep_(std::make_unique<Rep>()) {
  for (int i = 0; i < connections; ++i) {
    grpc::ChannelArguments arguments;
    // Otherwise gRPC would make all of them one connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto channel =
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + kDeadline)) {
      throw std::runtime_error("nobody answers at " + address);
    }
    rep_->stubs.push_back(std::make_unique<grpc::GenericStub>(channel));
  }
}

Load::~Load() {
  rep_->queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (rep_->queue.Next(&tag, &ok)) delete static_cast<Pending*>(tag);
}

LoadResult Load::Closed(int concurrency, double seconds, const Make& make) {
  LoadResult result;
  const auto start = Steady::now();
  const auto end = start + Span(seconds);
  for (int i = 0; i < concurrency; ++i) rep_->Send(make(rep_->number), Steady::now());
  while (rep_->under_way > 0) {
    auto call = rep_->Next(Steady::time_point::max());
    Count(*call, end, result);
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
    auto call = rep_->Next(next < end ? next : end + kDeadline + kDeadline);
    if (call == nullptr) continue;
    // An answer after the end counts all the same: the slow ones are what is looked for.
    Count(*call, Steady::time_point::max(), result);
    if (call->status.ok() && on_answer) on_answer(call->number, rpc::ToString(call->answer));
  }
  result.seconds = seconds;
  return result;
}

std::string Load::Once(const Ask& ask) {
  rep_->Send(ask, Steady::now());
  auto call = rep_->Next(Steady::now() + kDeadline + kDeadline);
  if (call == nullptr) throw std::runtime_error(ask.method + " has no answer");
  if (!call->status.ok()) {
    throw std::runtime_error(ask.method + ": " + rpc::FromGrpc(call->status).ToString());
  }
  return rpc::ToString(call->answer);
}

}  // namespace crm::bench
