// Hostile HTTP/2, by tests/abuse: the gateway lives, goes on serving others, and its
// memory is bounded. The bounds are generous: how it fares in figures is told in
// docs/security.md, and gRPC 1.51 does not fare well everywhere.
#include <atomic>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/fault/attack.h"
#include "tests/testing/live_test.h"
#include "tests/testing/sanitized.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMiB = 1024 * 1024;

struct Attack {
  std::string name;
  std::string scale;
  int64_t max_growth_mib;  // Of the resident memory, at its peak.
  std::string seen;        // What the attacker is to have seen.
  // Nothing cuts connections, unless it says otherwise.
  std::vector<std::string> guards = {"server.max_process_bytes=0",
                                     "server.max_abandoned_call_rate=0",
                                     "server.max_bytes_without_message=0"};
};

void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

// Calls that go on while the attack does, on a connection of their own.
class GoodCaller final {
 public:
  explicit GoodCaller(GatewayClient& client)
      : thread_([this, &client] {
          while (!is_over_) {
            (client.Query("SELECT 1").ok() ? served_ : failed_).fetch_add(1);
          }
        }) {}
  ~GoodCaller() { End(); }

  void End() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int served() const { return served_; }
  int failed() const { return failed_; }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<int> served_ = 0;
  std::atomic<int> failed_ = 0;
  std::thread thread_;
};

class AbuseTest : public LiveTest, public ::testing::WithParamInterface<Attack> {};

TEST_P(AbuseTest, LeavesTheOthersServed) {
  const Attack& attack = GetParam();
  std::vector<std::string> set = attack.guards;
  set.insert(set.end(),
             {"server.handshake_timeout=2s", "limits.stream_stall_timeout=1s"});
  StartGateway(std::move(set));
  ASSERT_TRUE(client().Query("SELECT 1").ok());
  GatewayClient good(gateway().port());
  gateway().ResetPeakMemory();
  const int64_t before = gateway().PeakMemory();
  GoodCaller caller(good);
  ASSERT_TRUE(WaitFor("the good caller calls", [&] { return caller.served() > 0; }));

  const std::string seen =
      RunAttack(attack.name, attack.scale, gateway().port(), cluster().temp_path());

  EXPECT_THAT(seen, HasSubstr(attack.seen));
  const int served = caller.served();
  EXPECT_TRUE(WaitFor("it is served on", [&] { return caller.served() > served; }));
  caller.End();
  ASSERT_TRUE(gateway().IsRunning());
  const int64_t growth = gateway().PeakMemory() - before;
  if (!kIsSanitized) {
    EXPECT_LT(growth, attack.max_growth_mib * kMiB) << growth / kMiB << " MiB";
  }
  // A newcomer, too.
  GatewayClient late(gateway().port());
  EXPECT_TRUE(
      WaitFor("newcomers are served", [&] { return late.Query("SELECT 1").ok(); }));
  RecordProperty("served", caller.served());
  RecordProperty("failed", caller.failed());
  RecordProperty("growth_mib", static_cast<int>(growth / kMiB));
}

INSTANTIATE_TEST_SUITE_P(
    Attacks, AbuseTest,
    ::testing::Values(Attack{"rapid_reset", "0.2", 1500, "calls"},
                      // Goes on until it is cut.
                      Attack{"rapid_reset",
                             "100",
                             1000,
                             R"("closed": true)",
                             {"server.max_process_bytes=64MiB",
                              "server.max_abandoned_call_rate=0",
                              "server.max_bytes_without_message=0"}},
                      // By what is on by default.
                      Attack{"rapid_reset", "100", 500, R"("closed": true)", {}},
                      Attack{"big_string", "4", 500, R"("closed": true)", {}},
                      Attack{"continuation_flood", "0.2", 500, "frames"},
                      // gRPC 1.51 closes; 1.56 reads on, and drops what is too much.
                      Attack{"header_flood", "0.2", 500, "bytes"},
                      Attack{"big_string", "0.2", 500, "bytes"},
                      Attack{"settings_flood", "0.2", 500, "frames"},
                      Attack{"ping_flood", "0.2", 200, "too_many_pings"},
                      Attack{"bad_binary_header", "1", 200, R"("refused": true)"},
                      // Half a gigabyte, were it unpacked.
                      Attack{"zip_bomb", "0.5", 200, R"("refused": true)"},
                      Attack{"half_bodies", "0.3", 800, "bytes"},
                      Attack{"unread_streams", "0.3", 500, "streams"},
                      Attack{"idle_connections", "0.1", 500, R"("opened": 500)"},
                      Attack{"slow_handshakes", "0.2", 200, R"("closed": 100)"},
                      Attack{"connection_storm", "0.5", 500, "opened"}),
    [](const auto& info) { return absl::StrCat(info.param.name, "_", info.index); });

}  // namespace
}  // namespace pgsluice::testing
