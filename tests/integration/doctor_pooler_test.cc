// `pgsluiced --doctor` where an endpoint is PgBouncer.
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/integration/doctor_fixture.h"
#include "tests/testing/free_port.h"

namespace pgsluice::testing {
namespace {

using ::testing::Contains;

constexpr char kPgBouncer[] = "/usr/sbin/pgbouncer";

TEST_F(DoctorTest, KnowsAPooler) {
  if (!std::filesystem::exists(kPgBouncer)) {
    GTEST_SKIP() << "NOT TESTED: there is no " << kPgBouncer
                 << " (Debian's package pgbouncer)";
  }
  for (const std::string ignored : {"extra_float_digits", "extra_float_digits,options"}) {
    const int port = PickFreePort();
    const std::string stem = absl::StrCat(cluster().temp_path(), "/bouncer", port);
    std::ofstream(stem + ".ini")
        << "[databases]\npostgres = host=127.0.0.1 port=" << cluster().server(0).port()
        << " user=app\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port
        << "\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
        << "ignore_startup_parameters = " << ignored << "\n";
    ProcessSpec spec;
    spec.argv = {kPgBouncer, stem + ".ini"};
    spec.stderr_path = stem + ".log";
    spec.is_unprivileged = true;
    const auto bouncer = Process::Start(spec);
    ASSERT_TRUE(bouncer.ok());
    const std::string conninfo =
        absl::StrCat("host=127.0.0.1 port=", port, " user=app dbname=postgres");
    ASSERT_TRUE(WaitFor("it accepts connections", [&] {
      return SqlConnection::Open(conninfo).ok();
    })) << ReadFile(stem + ".log");

    const Visit visit = See({conninfo});

    const bool takes_options = ignored != "extra_float_digits";
    EXPECT_THAT(visit.IdsOf("db0"),
                Contains(takes_options ? "pooler" : "options-refused"))
        << visit.output;
  }
}

}  // namespace
}  // namespace pgsluice::testing
