#include "tests/bench/machine.h"

#include <google/protobuf/stubs/common.h>
#include <grpcpp/grpcpp.h>
#include <sstream>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pgsluice::bench {
namespace {

std::string ProcessorName() {
  std::istringstream lines(testing::ReadFile("/proc/cpuinfo"));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(':');
    return std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return "processor of unknown name";
}

std::string KernelRelease() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "of unknown release";
}

}  // namespace

std::string DescribeMachine(const Rig& rig) {
  const int64_t memory_bytes =
      static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const std::string pgbouncer = PgBouncerVersion(rig.cluster->temp_path());
  return absl::StrCat(
      absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone()), ": ",
      std::thread::hardware_concurrency(), " cores (", ProcessorName(), "), ",
      memory_bytes >> 30, " GiB, Linux ", KernelRelease(), "; PostgreSQL ",
      rig.postgres_version, ", gRPC ", grpc::Version(), ", protobuf ",
      google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION), ", ",
      pgbouncer.empty() ? "no PgBouncer" : "PgBouncer " + pgbouncer, ", ", __VERSION__,
      " ", PGSLUICE_BUILD_TYPE,
      ". Client, gateway, PgBouncer and PostgreSQL share the cores; all connections "
      "are TCP over loopback.");
}

}  // namespace pgsluice::bench
