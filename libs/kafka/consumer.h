// Reads topics as a member of a consumer group. Offsets move only when the owner says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/kafka/client_options.h"
#include "libs/kafka/message.h"

namespace crm::kafka {

struct ConsumerOptions {
  ClientOptions client;
  // Partitions are shared among the group's members (cooperative-sticky: only those that move are
  // interrupted). A group that is new starts at the beginning.
  std::string group_id;
  std::vector<std::string> topics;
  // A member that is silent for so long loses its partitions. Brokers want 6 s to 30 min.
  std::chrono::milliseconds session_timeout{10'000};
  // A member that does not call Poll() for so long loses its partitions. Not below session_timeout.
  std::chrono::milliseconds max_poll_interval{300'000};
  // How often what StoreOffset() was told is committed, in the background.
  std::chrono::milliseconds commit_interval{500};
  // Bounds of what is fetched ahead of Poll(), and of what one Poll() returns. Each is exceeded by
  // at most one message (or, for fetching, by one broker's answer), so that a large message gets
  // through.
  size_t fetch_bytes = 8u << 20;
  size_t batch_bytes = 1u << 20;
  size_t batch_messages = 1'000;

  // Called within Poll() and Close(), on their thread. Must not throw and must not call Poll() or
  // Close(). Messages of these partitions come from now on, from the committed offset.
  std::function<void(const std::vector<TopicPartition>&)> on_assigned;
  // These partitions are about to go to another member. Unless `lost`, the owner can finish what it
  // works on and call StoreOffset(): the offsets are committed when this returns. If `lost`,
  // another member may have them already and nothing can be committed. Messages of these partitions
  // that Poll() has gathered and not returned are dropped.
  std::function<void(const std::vector<TopicPartition>&, bool lost)> on_revoked;
};

// How far one assigned partition is.
struct PartitionProgress {
  TopicPartition partition;
  // Where the owner is: the last StoreOffset(). Absent before the first.
  std::optional<int64_t> next_offset{};
  // What the broker confirmed of it. Absent before the first commit by this member.
  std::optional<int64_t> committed_offset{};
  // The end of the partition when the broker last told. Absent before the first fetch.
  std::optional<int64_t> end_offset{};
};

// One member of a group. Poll, Pause, Resume and Close belong to one thread at a time;
// StoreOffset and Progress can be called from any thread at any time.
class Consumer {
 public:
  // Joins the group in the background. INVALID_ARGUMENT for options that Kafka refuses. Needs no
  // broker to be up.
  static Result<std::unique_ptr<Consumer>> Create(ConsumerOptions options);
  // Without Close(): as if the process died, except that the group may be told. No callback, no
  // commit. Waits for a commit that is on the wire already, so up to six seconds where the broker
  // is away.
  ~Consumer();

  // Waits up to `timeout` for the first message and returns what is there, in the order of each
  // partition; maybe nothing. Must be called more often than max_poll_interval, so an owner with
  // enough work pauses its partitions and polls on. Fails only where no later call can succeed
  // (ABORTED KAFKA_CONSUMER_FATAL); a broker that is away, a topic that does not exist yet and the
  // like are logged and waited for.
  Result<std::vector<ReceivedMessage>> Poll(std::chrono::milliseconds timeout);

  // All of the partition below `next_offset` is done. Committed every commit_interval while the
  // group is stable, when the partition is revoked, and by Close(). A lower offset than the last is
  // ignored. FAILED_PRECONDITION KAFKA_NOT_ASSIGNED where the partition has gone to another member:
  // the work will be seen there again.
  Status StoreOffset(const TopicPartition& partition, int64_t next_offset);

  // A paused partition's messages stay at the broker; those fetched ahead are dropped and fetched
  // again after Resume(). A partition that is assigned anew, or again, is not paused.
  // FAILED_PRECONDITION KAFKA_NOT_ASSIGNED where one is not ours.
  Status Pause(const std::vector<TopicPartition>& partitions);
  Status Resume(const std::vector<TopicPartition>& partitions);

  std::vector<PartitionProgress> Progress() const;

  // on_revoked for all partitions, last commit, leave of the group. DEADLINE_EXCEEDED
  // KAFKA_CLOSE_TIMEOUT where the broker did not answer in time: then the group finds out by
  // session_timeout. Afterwards only destruction makes sense.
  Status Close(Deadline deadline);

 private:
  struct Rep;
  explicit Consumer(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace crm::kafka
