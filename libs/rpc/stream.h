// Stream: one gRPC call on the server as asynchronous reads and writes of bytes. Private to
// libs/rpc: Call, HealthService and ReflectionService are three ways to use it.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "libs/rpc/server.h"

namespace crm::rpc {

// How many streams gRPC still has a part in. The queue may be shut down when there are none.
// Thread-safe.
class LiveStreams {
 public:
  void Add() {
    std::lock_guard lock(mutex_);
    ++count_;
  }
  void Remove() {
    std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  void WaitForNone() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;  // GUARDED_BY(mutex_)
};

// Thread-safe. Continuations run on the queue's thread with no lock held. gRPC's part of a stream
// is freed as soon as gRPC has ended the call, however long others hold the Stream: what they start
// afterwards has no effect, so a slow handler holds up neither the connection nor the shutdown.
class Stream final : public std::enable_shared_from_this<Stream> {
 public:
  using Accepted = std::function<void(std::shared_ptr<Stream>)>;
  using Received = std::function<void(std::optional<std::string>)>;
  using Done = std::function<void()>;

  // Waits for the next call; `accepted` does not run where the server shuts down first. Counted in
  // `live` from now on until gRPC is done with it.
  static void Accept(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue,
                     LiveStreams& live, Accepted accepted);
  // Runs continuations until the queue is shut down and empty.
  static void Serve(grpc::ServerCompletionQueue& queue);

  explicit Stream(LiveStreams& live) : transport_(std::make_unique<Transport>(live)) {}

  // Facts of the call, fixed before `accepted` runs. The method is
  // "crm.leads.v1.LeadService/GetLead".
  const std::string& method() const { return method_; }
  const Metadata& metadata() const { return metadata_; }
  const std::string& peer() const { return peer_; }
  std::optional<SteadyTime> deadline() const { return deadline_; }
  // Requested when the call ends other than by Finish.
  std::stop_token stop_token() const { return stop_.get_token(); }

  // One at a time. nullopt: the client sends no more, or the call has ended.
  void Read(Received then);
  // One at a time. False (and `then` does not run): the call has ended. `then` also runs when the
  // write failed.
  bool Write(const std::string& message, Done then);
  // Once; after a write under way. `last` is the response of a unary call.
  void Finish(std::optional<std::string> last, const Status& status);
  void AddInitialMetadata(const std::string& key, const std::string& value);
  // Runs once when the call has ended, before the stop token is requested. Set while `accepted`
  // runs.
  void OnDone(Done done) { on_done_ = std::move(done); }

 private:
  struct Event {
    Stream* stream;
    void (Stream::*complete)(bool ok);
  };
  struct Counted {
    explicit Counted(LiveStreams& streams) : live(streams) { live.Add(); }
    ~Counted() { live.Remove(); }
    LiveStreams& live;
  };
  struct Transport {
    explicit Transport(LiveStreams& streams) : counted(streams) {}
    Counted counted;  // first, so that it goes last
    grpc::GenericServerContext context;
    grpc::GenericServerAsyncReaderWriter stream{&context};
    grpc::ByteBuffer incoming;
  };
  struct Ending {
    std::optional<std::string> last;
    Status status;
  };

  void CompleteAccept(bool ok);
  void CompleteRead(bool ok);
  void CompleteWrite(bool ok);
  void CompleteFinish(bool ok);
  void CompleteDone(bool ok);
  void StartFinish(const Ending& ending);
  void Settle();
  bool Live() const { return transport_ && !done_ && !finishing_; }

  Event accept_event_{this, &Stream::CompleteAccept};
  Event read_event_{this, &Stream::CompleteRead};
  Event write_event_{this, &Stream::CompleteWrite};
  Event finish_event_{this, &Stream::CompleteFinish};
  Event done_event_{this, &Stream::CompleteDone};

  Accepted accepted_;
  std::string method_;
  Metadata metadata_;
  std::string peer_;
  std::optional<SteadyTime> deadline_;
  std::stop_source stop_;
  Done on_done_;

  std::mutex mutex_;
  // All below: GUARDED_BY(mutex_).
  std::unique_ptr<Transport> transport_;
  std::shared_ptr<Stream> self_;  // held while gRPC owes an event
  int pending_ = 1;               // events owed, without done_event_
  bool done_ = false;
  bool writing_ = false;
  bool finishing_ = false;
  Received received_;
  Done written_;
  std::optional<Ending> ending_;  // waits for the write under way
};

}  // namespace crm::rpc
