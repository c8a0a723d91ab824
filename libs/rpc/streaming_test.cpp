#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "libs/rpc/client.h"
#include "libs/rpc/echo_server.h"
#include "libs/rpc/raw_client.h"

namespace crm::rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kNoDeadline{0};

Handler Send(std::vector<std::string> messages, Status end) {
  return [messages = std::move(messages), end](const std::shared_ptr<ServerCall>& call) {
    for (const auto& message : messages) EXPECT_TRUE(call->Write(message));
    call->Finish(end.ok() ? Result<std::string>(std::string("ignored")) : end);
  };
}

ClientCallOptions WithTimeout(milliseconds timeout) {
  ClientCallOptions options;
  options.timeout = timeout;
  return options;
}

TEST(ServerStreaming, DeliversAllMessagesInOrder) {
  std::vector<std::string> sent;
  for (int i = 0; i < 500; ++i) sent.push_back(std::to_string(i));
  EchoServer echo(EchoBack, Send(sent, Status::Ok()));
  std::vector<std::string> got;
  Status status = echo.client().StreamBytes(kRepeat, "", {}, [&](const std::string& message) {
    got.push_back(message);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(got, sent);
}

TEST(ServerStreaming, EndsWithTheStatusOfTheHandler) {
  Status end = FailedPrecondition("CURSOR_TOO_OLD", "Start again.").With("cursor", "7");
  EchoServer echo(EchoBack, Send({"a"}, end));
  int got = 0;
  Status status =
      echo.client().StreamBytes(kRepeat, "", {}, [&](const std::string&) { return ++got > 0; });
  EXPECT_EQ(status, end);
  EXPECT_EQ(got, 1);
}

// The writer may be ahead of the reader by what HTTP/2's windows take, not by the whole stream.
TEST(ServerStreaming, HoldsTheWriterBackWhileTheReaderIsSlow) {
  constexpr int kMessages = 200;
  std::atomic<int> written = 0;
  Signal far_ahead;
  EchoServer echo(EchoBack, [&](const std::shared_ptr<ServerCall>& call) {
    std::string message(1 << 20, 'a');
    while (written < kMessages && call->Write(message)) {
      if (++written == kMessages / 2) far_ahead.Raise();
    }
    call->Finish(std::string());
  });
  int got = 0;
  Status status =
      echo.client().StreamBytes(kRepeat, "", WithTimeout(kNoDeadline), [&](const std::string&) {
        if (++got == 1) {
          EXPECT_FALSE(far_ahead.Wait(milliseconds(300)));
        }
        return true;
      });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(got, kMessages);
}

TEST(ServerStreaming, WakesABlockedWriterWhenTheClientHasEnough) {
  Signal ended;
  EchoServer echo(EchoBack, [&](const std::shared_ptr<ServerCall>& call) {
    std::string message(1 << 20, 'a');
    while (call->Write(message)) {
    }
    EXPECT_FALSE(call->Write(message));
    call->Finish(std::string());
    ended.Raise();
  });
  Status status = echo.client().StreamBytes(kRepeat, "", WithTimeout(kNoDeadline),
                                            [](const std::string&) { return false; });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(ended.Wait());
}

TEST(ServerStreaming, StopsWhenTheClientsStopTokenSaysSo) {
  Signal stopped;
  EchoServer echo(EchoBack, [&](const std::shared_ptr<ServerCall>& call) {
    std::stop_callback callback(call->stop_token(), [&] { stopped.Raise(); });
    EXPECT_TRUE(call->Write("one"));
    stopped.Wait();
    call->Finish(std::string());
  });
  std::stop_source stop;
  ClientCallOptions options = WithTimeout(kNoDeadline);
  options.stop = stop.get_token();
  Status status = echo.client().StreamBytes(
      kRepeat, "", options, [&](const std::string&) { return stop.request_stop(); });
  EXPECT_EQ(status.reason(), "RPC_CANCELLED");
  EXPECT_TRUE(stopped.Wait());
}

TEST(ServerStreaming, IsCancelledByADrainWhosePatienceEnds) {
  Signal first;
  Signal ended;
  EchoServer echo(EchoBack, [&](const std::shared_ptr<ServerCall>& call) {
    while (call->Write("tick")) first.Raise();
    ended.Raise();
  });
  std::thread reader([&] {
    EXPECT_FALSE(echo.client()
                     .StreamBytes(kRepeat, "", WithTimeout(kNoDeadline),
                                  [](const std::string&) { return true; })
                     .ok());
  });
  ASSERT_TRUE(first.Wait());
  echo.server().Drain(milliseconds(10));
  EXPECT_TRUE(ended.Wait());
  reader.join();
}

// Deadlines that pass, clients that leave and a drain, all at moments that nothing lines up.
TEST(ServerStreaming, SurvivesCancellationsAndADrainAtAnyMoment) {
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> handled = 0;
    EchoServer echo(
        [&](const std::shared_ptr<ServerCall>& call) {
          ++handled;
          EchoBack(call);
        },
        [&](const std::shared_ptr<ServerCall>& call) {
          ++handled;
          for (int i = 0; i < 20 && call->Write(call->request()); ++i) {
          }
          if (handled % 3 != 0) call->Finish(std::string());
        });
    std::atomic<bool> over = false;
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 6; ++caller) {
      callers.emplace_back([&, caller] {
        for (int i = 0; i < 60; ++i) {
          std::string request(static_cast<size_t>(i * caller), 'a');
          auto options = WithTimeout(milliseconds(1 + (i + caller) % 5));
          auto answer = echo.client().CallBytes(kEcho, request, options);
          if (answer) {
            EXPECT_EQ(*answer, request);
          }
          int got = 0;
          (void)echo.client().StreamBytes(kRepeat, request, options, [&](const std::string& item) {
            EXPECT_EQ(item, request);
            return ++got < i % 20;
          });
        }
      });
    }
    std::thread drain([&] {
      while (handled < 20 * round && !over) std::this_thread::yield();
      echo.server().Drain(milliseconds(round % 3));
    });
    for (auto& caller : callers) caller.join();
    over = true;
    drain.join();
  }
}

// The server's own timer, not the client's reset of the stream: this client believes that it has an
// hour.
TEST(Deadline, IsKeptByTheServerAlone) {
  Signal stopped;
  EchoServer echo([&](const std::shared_ptr<ServerCall>& call) {
    std::stop_callback callback(call->stop_token(), [&] { stopped.Raise(); });
    stopped.Wait();
  });
  RawStream stream(echo.server().address(), kEcho, {"grpc-timeout", "1S"});
  stream.Write("a");
  EXPECT_TRUE(stopped.Wait());
}

}  // namespace
}  // namespace crm::rpc
