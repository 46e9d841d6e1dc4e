#include "server/waste_meter.h"

#include <optional>
#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using enum CutReason;

constexpr uint64_t kMiB = 1 << 20;
constexpr auto kNothing = std::optional<CutReason>();
const absl::Time kOpened = absl::FromUnixSeconds(1000);
constexpr WasteLimits kLimits = {.abandoned_per_second = 100,
                                 .max_bytes_without_message = 100 * kMiB};
constexpr uint64_t kMaxRequestBytes = 4 * kMiB;

// A look at a connection, so many milliseconds after it was opened.
struct Look {
  int at;
  ConnectionFacts facts;
  std::optional<CutReason> verdict;
};

void LookAll(const std::vector<Look>& looks, const WasteLimits& limits = kLimits) {
  WasteMeter meter(kOpened);
  for (const Look& look : looks) {
    EXPECT_EQ(meter.Judge(look.facts, limits, kMaxRequestBytes,
                          kOpened + absl::Milliseconds(look.at)),
              look.verdict)
        << look.at;
  }
}

Look Calls(int at, const CallCounts& calls,
           std::optional<CutReason> verdict = std::nullopt) {
  return {at, {.calls = calls}, verdict};
}

TEST(WasteMeterTest, CallsThatAreGivenUpAtOnceAreCut) {
  LookAll({Calls(50, {.begun = 300, .abandoned = 100}),
           // gRPC is slow to say that they are over: it does not matter.
           Calls(100, {.begun = 600, .abandoned = 100}, kAbandonedCalls)});
}

TEST(WasteMeterTest, AFewASecondAreForgivenForever) {
  std::vector<Look> looks;
  for (uint64_t second = 1; second <= 100; ++second) {
    looks.push_back(Calls(static_cast<int>(second) * 1000,
                          {.begun = 100 * second, .abandoned = 100 * second}));
  }
  looks.push_back(
      Calls(101'000, {.begun = 10'701, .abandoned = 10'701}, kAbandonedCalls));
  LookAll(looks);
}

TEST(WasteMeterTest, CallsWithMessagesAreNeverCut) {
  struct Case {
    const char* what;
    CallCounts later;
  };
  for (const Case& c : {
           Case{"answered", {.begun = 90'000, .answered = 90'000, .received = 90'000}},
           Case{"late for their deadlines, all of them",
                {.begun = 90'000, .abandoned = 90'000, .received = 90'000}},
           Case{"refused before their message", {.begun = 90'000, .answered = 90'000}},
           Case{"transactions of many messages",
                {.begun = 10, .answered = 5, .received = 90'000}},
           Case{"given up before they were sent whole, less than half of them",
                {.begun = 90'000,
                 .answered = 20'000,
                 .abandoned = 70'000,
                 .received = 46'000}},
           Case{"begun, their messages on the way",
                {.begun = 90'400, .answered = 90'000, .received = 90'000}},
       }) {
    SCOPED_TRACE(c.what);
    LookAll({Calls(50, {}), Calls(100, c.later)});
  }
}

TEST(WasteMeterTest, MessagesThatComeInTheNextLookTakeTheirCallsOut) {
  std::vector<Look> looks;
  uint64_t begun = 0;
  for (int at = 50; at < 10'000; at += 100) {
    begun += 400;
    looks.push_back(Calls(at, {.begun = begun, .received = begun - 400}));
    looks.push_back(Calls(at + 50, {.begun = begun, .received = begun}));
  }
  LookAll(looks);
}

TEST(WasteMeterTest, MessagesOfLongAgoPayForNothing) {
  LookAll({Calls(50, {.begun = 1, .received = 90'000}),
           Calls(100, {.begun = 700, .received = 90'000}, kAbandonedCalls)});
}

TEST(WasteMeterTest, BytesThatAreNobodysMessageAreCut) {
  struct Case {
    const char* what;
    CallCounts calls;
    uint64_t sent_mib;
    uint64_t allowed_mib, too_many_mib;
  };
  for (const Case& c : {
           Case{"no call at all", {}, 0, 5, 6},
           Case{"one endless header", {.begun = 1}, 0, 9, 10},
           Case{"ten messages on their way", {.begun = 10}, 0, 47, 49},
           Case{"those that are over have no more to come",
                {.begun = 10, .answered = 4, .abandoned = 5},
                0,
                9,
                10},
           Case{"what was sent explains as much", {}, 3, 8, 9},
       }) {
    SCOPED_TRACE(c.what);
    const ConnectionFacts begin = {.calls = c.calls};
    ConnectionFacts allowed = begin, too_many = begin;
    allowed.read_bytes = c.allowed_mib * kMiB;
    too_many.read_bytes = c.too_many_mib * kMiB;
    allowed.sent_bytes = too_many.sent_bytes = c.sent_mib * kMiB;
    const WasteLimits limits = {.max_bytes_without_message = 100 * kMiB};
    LookAll({{0, begin, kNothing}, {50, allowed, kNothing}, {900, allowed, kNothing}},
            limits);
    LookAll({{0, begin, kNothing},
             {50, too_many, kNothing},
             {500, too_many, kNothing},
             {550, too_many, kBytesWithoutMessage}},
            limits);
  }
}

TEST(WasteMeterTest, WhoeverIsToldInTimeThatItsMessageIsTooLargeStays) {
  const CallCounts sending = {.begun = 1};
  const CallCounts refused = {.begun = 1, .answered = 1};
  LookAll({{50, {.read_bytes = 40 * kMiB, .calls = sending}, kNothing},
           {100, {.read_bytes = 80 * kMiB, .calls = sending}, kNothing},
           {540, {.read_bytes = 90 * kMiB, .calls = refused}, kNothing},
           {590, {.read_bytes = 95 * kMiB, .calls = refused}, kNothing},
           {2000, {.read_bytes = 95 * kMiB, .calls = refused}, kNothing}});
}

TEST(WasteMeterTest, ThereIsACapWhateverTheTime) {
  LookAll(
      {{50, {.read_bytes = 100 * kMiB, .calls = {.begun = 90}}, kNothing},
       {51, {.read_bytes = 101 * kMiB, .calls = {.begun = 90}}, kBytesWithoutMessage}});
}

TEST(WasteMeterTest, AnyMessageOrAnswerBeginsAnew) {
  ConnectionFacts facts;
  std::vector<Look> looks;
  for (int i = 1; i < 1000; ++i) {
    facts.read_bytes += 4 * kMiB;
    if (i % 2 == 0) {
      ++facts.calls.begun;
      ++(i % 4 == 0 ? facts.calls.received : facts.calls.answered);
    }
    looks.push_back({50 * i, facts, kNothing});
  }
  LookAll(looks);
}

TEST(WasteMeterTest, ZeroIsNoLimit) {
  LookAll({{50, {.read_bytes = 1000 * kMiB, .calls = {.begun = 90'000}}, kNothing}}, {});
}

}  // namespace
}  // namespace pgsluice
