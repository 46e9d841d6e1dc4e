#include "pool/event_loop.h"

#include <array>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "absl/time/clock.h"
#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"
#include "asio/this_coro.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/socket_watch.h"
#include "pool/timer.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two connected sockets.
struct SocketPair {
  SocketPair() { socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()); }
  ~SocketPair() {
    close(ends[0]);
    close(ends[1]);
  }
  void Send() const { EXPECT_EQ(write(ends[1], "x", 1), 1); }
  void Take() const {
    char byte = 0;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
  }
  std::array<int, 2> ends{};
};

class EventLoopTest : public ::testing::Test {
 public:
  void RunAll() {
    while (loop_.RunReady() > 0) {
    }
  }
  // Until `is_done`, at most ten seconds.
  template <class Condition>
  void RunUntil(Condition is_done) {
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    while (!is_done() && absl::Now() < deadline) loop_.RunReady();
    ASSERT_TRUE(is_done());
  }
  void Spawn(asio::awaitable<void> coroutine) {
    asio::co_spawn(loop_.executor(), std::move(coroutine), asio::detached);
  }
  void NoteWait(Timer& timer, absl::Duration delay, std::string name) {
    Spawn([](EventLoopTest& test, Timer& own, absl::Duration how_long,
             std::string as) -> asio::awaitable<void> {
      const bool is_over = co_await own.Wait(how_long);
      test.log_.push_back(as + (is_over ? " over" : " cancelled"));
    }(*this, timer, delay, std::move(name)));
  }
  void NoteReadable(SocketWatch& watch, std::string name) {
    Spawn([](EventLoopTest& test, SocketWatch& own,
             std::string as) -> asio::awaitable<void> {
      const bool is_ready = co_await own.WaitReadable();
      test.log_.push_back(as + (is_ready ? " ready" : " interrupted"));
    }(*this, watch, std::move(name)));
  }

  EventLoop loop_;
  std::vector<std::string> log_;
};

TEST_F(EventLoopTest, RunsTasksInTheOrderOfTheirPosting) {
  loop_.Post([this] { log_.push_back("a"); });
  loop_.Post([this] { log_.push_back("b"); });

  EXPECT_EQ(loop_.RunReady(), 2u);

  EXPECT_THAT(log_, ElementsAre("a", "b"));
  EXPECT_EQ(loop_.RunReady(), 0u);
}

TEST_F(EventLoopTest, RunsWhatATaskPostsOnTheNextTurn) {
  loop_.Post([this] { loop_.Post([this] { log_.push_back("inner"); }); });

  loop_.RunReady();
  EXPECT_THAT(log_, IsEmpty());
  loop_.RunReady();

  EXPECT_THAT(log_, ElementsAre("inner"));
}

TEST_F(EventLoopTest, WakesASleepingLoopOnceForTasksOfAnotherThread) {
  int wakes = 0;
  loop_.SetWaker([&] { ++wakes; });
  loop_.RunReady();
  ASSERT_TRUE(loop_.FallAsleep());

  std::thread([this] {
    loop_.Post([this] { log_.push_back("a"); });
    loop_.Post([this] { log_.push_back("b"); });
  }).join();
  loop_.WakeUp();
  RunAll();

  EXPECT_EQ(wakes, 1);
  EXPECT_THAT(log_, ElementsAre("a", "b"));
}

TEST_F(EventLoopTest, DoesNotFallAsleepOverWork) {
  loop_.RunReady();
  std::thread([this] { loop_.Post([] {}); }).join();
  EXPECT_FALSE(loop_.FallAsleep());

  RunAll();
  loop_.Post([] {});
  EXPECT_FALSE(loop_.FallAsleep());
}

TEST_F(EventLoopTest, RunsCoroutinesOnItsExecutor) {
  Spawn([](EventLoopTest& test) -> asio::awaitable<void> {
    const asio::any_io_executor here = co_await asio::this_coro::executor;
    test.log_.push_back(&EventLoop::Of(here) == &test.loop_ ? "mine" : "not mine");
  }(*this));

  RunAll();

  EXPECT_THAT(log_, ElementsAre("mine"));
}

TEST_F(EventLoopTest, DestroysWhatHasNotRun) {
  auto held = std::make_shared<int>(0);
  {
    EventLoop loop;
    Timer timer(loop);
    timer.Set(absl::Hours(1), [held] {});
    loop.Post([held] {});
    asio::co_spawn(
        loop.executor(),
        [](EventLoop& own, std::shared_ptr<int>) -> asio::awaitable<void> {
          Timer inner(own);
          co_await inner.Wait(absl::Hours(1));
        }(loop, held),
        asio::detached);
    loop.RunReady();
    timer.Set(absl::Hours(1), [held] {});
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(EventLoopTest, CallsTimersInTheOrderOfTheirTimes) {
  Timer late(loop_);
  Timer early(loop_);
  late.Set(absl::Milliseconds(2), [this] { log_.push_back("late"); });
  early.Set(absl::Milliseconds(1), [this] { log_.push_back("early"); });

  RunUntil([this] { return log_.size() == 2; });

  EXPECT_THAT(log_, ElementsAre("early", "late"));
  EXPECT_FALSE(loop_.next_due().has_value());
}

TEST_F(EventLoopTest, NeverCallsACancelledTimer) {
  auto held = std::make_shared<int>(0);
  Timer timer(loop_);
  timer.Set(absl::ZeroDuration(), [this, held] { log_.push_back("called"); });

  timer.Cancel();
  RunAll();

  EXPECT_THAT(log_, IsEmpty());
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(EventLoopTest, TellsAWaitingCoroutineOfACancel) {
  Timer timer(loop_);
  NoteWait(timer, absl::Hours(1), "first");
  RunAll();
  timer.Cancel();
  RunAll();
  NoteWait(timer, absl::ZeroDuration(), "second");
  RunUntil([this] { return log_.size() == 2; });

  EXPECT_THAT(log_, ElementsAre("first cancelled", "second over"));
}

TEST_F(EventLoopTest, ATimerMayGoInItsOwnCall) {
  auto timer = std::make_unique<Timer>(loop_);
  timer->Set(absl::ZeroDuration(), [&] {
    timer.reset();
    log_.push_back("called");
  });

  RunUntil([this] { return !log_.empty(); });

  EXPECT_EQ(timer, nullptr);
}

TEST_F(EventLoopTest, AnInfiniteWaitIsDueInTheFarFuture) {
  Timer timer(loop_);
  timer.Set(absl::InfiniteDuration(), [] {});

  ASSERT_TRUE(loop_.next_due().has_value());
  EXPECT_GT(*loop_.next_due(), std::chrono::steady_clock::now() + std::chrono::hours(24));
}

TEST_F(EventLoopTest, ResumesWhoWaitsForASocket) {
  SocketPair sockets;
  SocketWatch watch(loop_, sockets.ends[0]);
  for (const char* name : {"first", "second"}) {
    NoteReadable(watch, name);
    RunAll();
    sockets.Send();
    RunAll();
    sockets.Take();
  }

  EXPECT_THAT(log_, ElementsAre("first ready", "second ready"));
}

TEST_F(EventLoopTest, IsNotKeptBusyByInputThatNobodyWaitsFor) {
  SocketPair sockets;
  SocketWatch watch(loop_, sockets.ends[0]);
  NoteReadable(watch, "first");
  RunAll();
  sockets.Send();
  RunAll();  // Ends only if the loop comes to rest.
  NoteReadable(watch, "second");
  RunAll();

  EXPECT_THAT(log_, ElementsAre("first ready", "second ready"));
}

TEST_F(EventLoopTest, IsNotKeptBusyByAClosedSocket) {
  SocketPair sockets;
  SocketWatch watch(loop_, sockets.ends[0]);
  NoteReadable(watch, "first");
  RunAll();
  shutdown(sockets.ends[1], SHUT_RDWR);
  RunAll();

  EXPECT_THAT(log_, ElementsAre("first ready"));
}

TEST_F(EventLoopTest, AnInterruptEndsAWait) {
  SocketPair sockets;
  SocketWatch watch(loop_, sockets.ends[0]);
  NoteReadable(watch, "first");
  RunAll();
  watch.Interrupt();
  RunAll();

  EXPECT_THAT(log_, ElementsAre("first interrupted"));
}

TEST_F(EventLoopTest, AWatchThatGoesLeavesNoEventBehind) {
  SocketPair a;
  SocketPair b;
  auto first = std::make_unique<SocketWatch>(loop_, a.ends[0]);
  auto second = std::make_unique<SocketWatch>(loop_, b.ends[0]);
  // Whichever is served first takes both with it.
  const auto take_both =
      [](EventLoopTest& test, std::unique_ptr<SocketWatch>& own,
         std::unique_ptr<SocketWatch>& other) -> asio::awaitable<void> {
    const bool is_ready = co_await own->WaitReadable();
    test.log_.push_back(is_ready ? "ready" : "interrupted");
    own.reset();
    other.reset();
  };
  Spawn(take_both(*this, first, second));
  Spawn(take_both(*this, second, first));
  RunAll();
  a.Send();
  b.Send();
  RunAll();

  EXPECT_THAT(log_, ElementsAre("ready", "interrupted"));
}

TEST_F(EventLoopTest, ItsDescriptorIsReadableWhenASocketIsReady) {
  SocketPair sockets;
  SocketWatch watch(loop_, sockets.ends[0]);
  NoteReadable(watch, "first");
  RunAll();
  const int outer = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  ASSERT_EQ(epoll_ctl(outer, EPOLL_CTL_ADD, loop_.descriptor(), &event), 0);
  EXPECT_EQ(epoll_wait(outer, &event, 1, 0), 0);

  sockets.Send();

  EXPECT_EQ(epoll_wait(outer, &event, 1, 1000), 1);
  close(outer);
  RunAll();
}

}  // namespace
}  // namespace pgsluice
