// Two servers accept writes: only the one on the later timeline ever gets one, whichever
// is listed first, and whether the gateway has seen it come to that or has only just
// started.
#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

class SplitBrainTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "CREATE TABLE IF NOT EXISTS written (name text)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }
  // Endpoint server0 is the first of `order`, and so on.
  void StartWith(const std::vector<size_t>& order) {
    GatewaySettings settings;
    for (const size_t i : order) {
      settings.conninfos.push_back(cluster().server(i).conninfo());
    }
    StartGateway(std::move(settings));
  }
  void WriteSome(const std::string& name) {
    for (int i = 0; i < 50; ++i) {
      const Answer answer =
          client().Query("INSERT INTO written VALUES ($1)", {Text(name)});
      EXPECT_TRUE(answer.ok()) << answer.failure;
    }
  }
  static std::string Count(size_t server, const std::string& name) {
    return cluster().Sql(server, "SELECT count(*) FROM written WHERE name = $1", {name});
  }
  // Endpoints may be the other way round, so that TearDown cannot count by number.
  void StopGateway() {
    EXPECT_TRUE(gateway().IsQuiet());
    EXPECT_EQ(gateway().Stop().value_or(-1), 0);
    ForgetGateway();
  }
};

TEST_F(SplitBrainTest, OnlyTheLaterTimelineIsWrittenTo) {
  // The replica is promoted while the primary lives, under the eyes of a gateway.
  StartWith({0, 1});
  ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
  ASSERT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
  WriteSome("before");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  ASSERT_TRUE(cluster().Promote(1).ok());
  ASSERT_TRUE(SeesRole(1, v1::ROLE_PRIMARY));
  WriteSome("seen");
  EXPECT_EQ(Count(0, "seen"), "0");
  EXPECT_EQ(Count(1, "seen"), "50");
  const v1::EndpointHealth old = client().Health().endpoints(0);
  EXPECT_EQ(old.role(), v1::ROLE_UNSPECIFIED);
  EXPECT_NE(old.last_error().find("timeline 1"), std::string::npos) << old.last_error();
  EXPECT_EQ(old.out_of_rotation_why(), "no_role");
  StopGateway();

  // A gateway that has seen nothing of it, in both orders, at its very first writes.
  for (int start = 0; start < 6; ++start) {
    const bool is_old_first = start % 2 == 0;
    const std::string name = absl::StrCat("start", start);
    StartWith(is_old_first ? std::vector<size_t>{0, 1} : std::vector<size_t>{1, 0});
    EXPECT_TRUE(WaitFor("it writes", [&] {
      return client().Query("INSERT INTO written VALUES ($1)", {Text(name)}).ok();
    }));
    WriteSome(name);
    EXPECT_EQ(Count(0, name), "0") << "the old primary got a write";
    EXPECT_EQ(Count(1, name), "51");
    StopGateway();
  }

  // The later one cannot be seen any more: whoever knows of it waits, and refuses.
  StartWith({0, 1});
  EXPECT_TRUE(WaitFor("it writes", [&] {
    return client().Query("INSERT INTO written VALUES ('last')").ok();
  }));
  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kFast).ok());
  const Answer refused =
      client().Query(MakeQuery("INSERT INTO written VALUES ('lost')"), absl::Seconds(2));
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED)
      << refused.failure;
  EXPECT_EQ(Count(0, "lost"), "0");
  ASSERT_TRUE(cluster().server(1).Start().ok());
  EXPECT_TRUE(WaitFor("it restores", [&] {
    return client().Query("INSERT INTO written VALUES ('restored')").ok();
  }));
  EXPECT_EQ(Count(0, "restored"), "0");
}

}  // namespace
}  // namespace pgsluice::testing
