// /metrics before promtool, which knows what Prometheus takes and how metrics are named.
#include <fstream>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/integration/metrics_page.h"
#include "tests/testing/free_port.h"
#include "tests/testing/live_test.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_dir.h"

namespace pgsluice::testing {
namespace {

constexpr char kPromtool[] = "/usr/bin/promtool";

using MetricsPromtoolTest = LiveTest;

TEST_F(MetricsPromtoolTest, TakesWhatTheGatewayTells) {
  if (access(kPromtool, X_OK) != 0) {
    GTEST_SKIP() << "NOT CHECKED: there is no " << kPromtool
                 << " (Debian's package prometheus) to look at the metrics";
  }
  const int port = PickFreePort();
  StartGateway({absl::StrCat("server.metrics_listen_address=127.0.0.1:", port)});
  ASSERT_TRUE(client().Query("SELECT 1").ok());
  ASSERT_FALSE(client().Query("SELECT 1/0").ok());
  const TempDir folder;
  std::ofstream(folder.path() + "/page") << MetricsPage::Of(port).text();
  ProcessSpec spec;
  spec.argv = {kPromtool, "check", "metrics"};
  spec.stdin_path = folder.path() + "/page";
  spec.stderr_path = folder.path() + "/says";

  const auto exit_status = RunProcess(spec, absl::Seconds(20));

  ASSERT_TRUE(exit_status.ok()) << exit_status.status();
  EXPECT_EQ(*exit_status, 0) << ReadFile(spec.stderr_path);
  EXPECT_EQ(ReadFile(spec.stderr_path), "");
}

}  // namespace
}  // namespace pgsluice::testing
