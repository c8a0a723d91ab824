#include "libs/redis/client.h"

#include <hiredis.h>
#include <poll.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>

namespace crm::redis {
namespace {

struct Deleter {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ContextPtr = std::unique_ptr<redisContext, Deleter>;
using ReplyPtr = std::unique_ptr<redisReply, Deleter>;

Status Lost(const std::string& why) {
  return Unavailable("REDIS_UNAVAILABLE", "Redis cannot be reached: " + why)
      .RetryAfter(std::chrono::milliseconds(200));
}

timeval ToTimeval(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  return {static_cast<time_t>(count / 1000), static_cast<suseconds_t>(count % 1000 * 1000)};
}

Reply ToReply(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return {static_cast<int64_t>(reply.integer)};
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return {std::string(reply.str, reply.len)};
    case REDIS_REPLY_ARRAY: {
      std::vector<Reply> list;
      for (size_t i = 0; i < reply.elements; ++i) list.push_back(ToReply(*reply.element[i]));
      return {std::move(list)};
    }
    default:
      return {};
  }
}

// One blocking connection with a timeout.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> Open(const Options& options) {
    const timeval timeout = ToTimeval(options.timeout);
    ContextPtr context;
    if (options.address.starts_with('/')) {
      context.reset(redisConnectUnixWithTimeout(options.address.c_str(), timeout));
    } else {
      const size_t colon = options.address.rfind(':');
      if (colon == std::string::npos) {
        return InvalidField("address", "'" + options.address + "' is no host:port.");
      }
      context.reset(redisConnectWithTimeout(options.address.substr(0, colon).c_str(),
                                            std::atoi(options.address.c_str() + colon + 1),
                                            timeout));
    }
    if (context == nullptr) return Lost("out of memory");
    if (context->err != 0) return Lost(context->errstr);
    redisSetTimeout(context.get(), timeout);
    std::unique_ptr<Connection> connection(new Connection(std::move(context)));
    if (Status status = connection->Greet(options); !status.ok()) return status;
    return connection;
  }

  Result<Reply> Run(std::span<const std::string> command) {
    std::vector<const char*> words;
    std::vector<size_t> lengths;
    for (const std::string& word : command) {
      words.push_back(word.data());
      lengths.push_back(word.size());
    }
    const ReplyPtr reply(static_cast<redisReply*>(redisCommandArgv(
        context_.get(), static_cast<int>(words.size()), words.data(), lengths.data())));
    if (reply == nullptr) return Lost(context_->errstr);
    if (reply->type != REDIS_REPLY_ERROR) return ToReply(*reply);
    const std::string error(reply->str, reply->len);
    return FailedPrecondition("REDIS_REFUSED", "Redis refused a command: " + error)
        .With("error", error.substr(0, error.find(' ')));
  }

  // After an error of the connection hiredis can only be thrown away: a late answer would be taken
  // for the next one's.
  bool broken() const { return context_->err != 0; }

  // Idle connections have nothing to read, unless the server has hung up.
  bool Stale() const {
    pollfd socket{context_->fd, POLLIN, 0};
    return broken() || poll(&socket, 1, 0) != 0;
  }

 private:
  explicit Connection(ContextPtr context) : context_(std::move(context)) {}

  Status Greet(const Options& options) {
    if (!options.password_file.empty()) {
      std::ifstream file(options.password_file);
      std::string password;
      if (!std::getline(file, password)) {
        return Lost("the password file " + options.password_file + " cannot be read");
      }
      const std::string auth[] = {"AUTH", password};
      if (auto reply = Run(auth); !reply.ok()) return reply.status();
    }
    if (options.database == 0) return Status::Ok();
    const std::string select[] = {"SELECT", std::to_string(options.database)};
    return Run(select).status();
  }

  ContextPtr context_;
};

}  // namespace

class Client::Pool {
 public:
  explicit Pool(Options options) : options_(std::move(options)) {}

  Result<std::unique_ptr<Connection>> Take() {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, options_.timeout,
                         [&] { return !idle_.empty() || taken_ < options_.pool_size; })) {
      return Status(Code::kResourceExhausted, "REDIS_POOL_EXHAUSTED",
                    "All connections to Redis are busy.")
          .RetryAfter(options_.timeout);
    }
    ++taken_;
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (!connection->Stale()) return connection;
    }
    lock.unlock();
    auto connection = Connection::Open(options_);
    if (!connection.ok()) Return(nullptr);
    return connection;
  }

  void Return(std::unique_ptr<Connection> connection) {
    std::lock_guard lock(mutex_);
    --taken_;
    if (connection != nullptr && !connection->broken()) idle_.push_back(std::move(connection));
    freed_.notify_one();
  }

 private:
  const Options options_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;  // GUARDED_BY(mutex_)
  size_t taken_ = 0;                               // GUARDED_BY(mutex_)
};

Client::Client(Options options) : pool_(std::make_unique<Pool>(std::move(options))) {}
Client::~Client() = default;

Result<Reply> Client::Run(std::span<const std::string> command) {
  auto connection = pool_->Take();
  if (!connection.ok()) return connection.status();
  auto reply = (*connection)->Run(command);
  pool_->Return(std::move(*connection));
  return reply;
}

Status Client::Ping() {
  const std::string ping[] = {"PING"};
  return Run(ping).status();
}

}  // namespace crm::redis
