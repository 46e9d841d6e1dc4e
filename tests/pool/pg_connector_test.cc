// How names are looked up: at every dial, off the shard, and not in each other's way.
#include "pool/pg/pg_connector.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"
#include "pool/event_loop.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kShort = absl::Milliseconds(100);
// Nobody listens there.
constexpr char kNobody[] = "host=db.example port=1 dbname=postgres user=nobody";

class PgConnectorTest : public testing::Test {
 protected:
  ~PgConnectorTest() override {
    if (!is_released_.HasBeenNotified()) is_released_.Notify();
  }
  struct Dial {
    std::optional<absl::StatusOr<std::shared_ptr<Session>>> result;
    absl::Time ended;
  };
  std::shared_ptr<PgConnector> Make(HostLookup look_up) {
    return std::make_shared<PgConnector>(
        PgConnectorDeps{.endpoint = {.name = "db", .conninfo = kNobody},
                        .role = Role::kPrimary,
                        .options = {},
                        .shards = {loop_.executor()},
                        .names = std::make_shared<NameLookup>(std::move(look_up))});
  }
  std::shared_ptr<Dial> Start(PgConnector& connector, absl::Duration patience) {
    auto dial = std::make_shared<Dial>();
    connector.Connect(0, absl::Now() + patience, [dial](auto result) {
      dial->result = std::move(result);
      dial->ended = absl::Now();
    });
    return dial;
  }
  void RunUntilEnd(const Dial& dial) {
    const absl::Time limit = absl::Now() + absl::Seconds(20);
    while (!dial.result.has_value() && absl::Now() < limit) {
      if (loop_.RunReady() == 0) std::this_thread::yield();
    }
    ASSERT_TRUE(dial.result.has_value());
  }
  // One that answers only when the test ends.
  HostLookup Stuck() {
    return [this](const std::string&) -> HostAddresses {
      ++begun_;
      is_released_.WaitForNotification();
      return absl::UnavailableError("too late");
    };
  }

  EventLoop loop_;
  std::atomic<int> begun_{0};
  absl::Notification is_released_;
};

TEST_F(PgConnectorTest, LooksTheNameUpAtEveryDial) {
  std::atomic<int> lookups{0};
  std::string asked;
  const std::thread::id shard = std::this_thread::get_id();
  std::atomic<bool> was_on_shard{false};
  auto connector = Make([&](const std::string& host) -> HostAddresses {
    asked = host;
    was_on_shard = was_on_shard || std::this_thread::get_id() == shard;
    ++lookups;
    return std::vector<std::string>{"127.0.0.1"};
  });

  for (int i = 1; i <= 3; ++i) {
    const auto dial = Start(*connector, absl::Seconds(10));
    RunUntilEnd(*dial);
    EXPECT_EQ(lookups, i);
    // It got as far as the address that was found.
    EXPECT_THAT(std::string(dial->result->status().message()), HasSubstr("127.0.0.1"));
  }
  EXPECT_EQ(asked, "db.example");
  EXPECT_FALSE(was_on_shard);
}

TEST_F(PgConnectorTest, SaysThatANameIsNotKnown) {
  auto connector = Make([](const std::string&) -> HostAddresses {
    return absl::UnavailableError("Name or service not known");
  });

  const auto dial = Start(*connector, absl::Seconds(10));
  RunUntilEnd(*dial);

  EXPECT_EQ(DetailsOf(dial->result->status())->reason, "CONNECT_FAILED");
  EXPECT_THAT(std::string(dial->result->status().message()),
              HasSubstr("could not resolve host \"db.example\": Name or service"));
}

TEST_F(PgConnectorTest, ANameServerThatDoesNotAnswerHoldsUpNobody) {
  auto stuck = Make(Stuck());
  auto other = Make([](const std::string&) -> HostAddresses {
    return std::vector<std::string>{"127.0.0.1"};
  });
  const absl::Time begun = absl::Now();
  const auto dial = Start(*stuck, kShort);
  while (begun_ == 0 && absl::Now() < begun + absl::Seconds(10)) loop_.RunReady();
  ASSERT_EQ(begun_, 1);

  // The shard goes on, and so do the dials of others.
  const auto others = Start(*other, absl::Seconds(10));
  RunUntilEnd(*others);
  EXPECT_THAT(std::string(others->result->status().message()), HasSubstr("127.0.0.1"));
  RunUntilEnd(*dial);

  EXPECT_THAT(std::string(dial->result->status().message()),
              HasSubstr("no answer in time"));
  EXPECT_FALSE(is_released_.HasBeenNotified()) << "it has not been waited for";
}

TEST_F(PgConnectorTest, TheSystemKnowsThisMachine) {
  const HostAddresses addresses = LookUpHost("localhost");
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  EXPECT_THAT(*addresses, ::testing::Contains(::testing::AnyOf("127.0.0.1", "::1")));
  EXPECT_FALSE(LookUpHost("no-such-host.invalid").ok());
}

}  // namespace
}  // namespace pgsluice
