// A client in another language: the Python one, with stubs generated here by plain
// protoc, against the real gateway.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

constexpr char kPython[] = "/usr/bin/python3";

class PythonClientTest : public LiveTest {
 protected:
  // Runs a program to its end and fails with its output unless it succeeds.
  static void Run(std::vector<std::string> argv, std::vector<std::string> environment,
                  absl::Duration limit) {
    static int runs = 0;
    ProcessSpec spec;
    spec.argv = std::move(argv);
    spec.environment = std::move(environment);
    spec.stderr_path = absl::StrCat(cluster().temp_path(), "/python", ++runs, ".out");
    const auto exit_status = RunProcess(spec, limit);
    ASSERT_TRUE(exit_status.ok()) << exit_status.status() << "\n"
                                  << ReadFile(spec.stderr_path);
    ASSERT_EQ(*exit_status, 0) << spec.argv[0] << ":\n" << ReadFile(spec.stderr_path);
  }
};

TEST_F(PythonClientTest, WorksWithGeneratedStubs) {
  StartGateway();
  const std::string stubs = cluster().temp_path() + "/stubs";

  Run({"/bin/sh", PGSLUICE_SOURCE_DIR "/scripts/stubs", "python", "--out", stubs}, {},
      absl::Seconds(60));
  Run({kPython, PGSLUICE_SOURCE_DIR "/tests/interop/python_client_test.py"},
      {absl::StrCat("PGSLUICE_TEST_ADDR=127.0.0.1:", gateway().port()),
       "PYTHONPATH=" + stubs + "/python", "PYTHONDONTWRITEBYTECODE=1"},
      absl::Seconds(60));
}

}  // namespace
}  // namespace pgsluice::testing
