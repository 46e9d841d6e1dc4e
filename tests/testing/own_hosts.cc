#include "tests/testing/own_hosts.h"

#include <fstream>
#include <unistd.h>

#include "absl/strings/str_format.h"

#include "tests/testing/process.h"

namespace pgsluice::testing {
namespace {

constexpr char kUnshare[] = "/usr/bin/unshare";
// $0 is the file, the rest the command. Without a fork, so that it keeps its process id.
constexpr char kMountAndBecome[] = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
constexpr absl::Duration kToolLimit = absl::Seconds(20);

}  // namespace

absl::StatusOr<std::unique_ptr<OwnHosts>> OwnHosts::Create(const std::string& temp_path,
                                                           std::string name) {
  if (geteuid() != 0) return absl::PermissionDeniedError("needs root");
  if (access(kUnshare, X_OK) != 0) return absl::NotFoundError("needs unshare");
  std::unique_ptr<OwnHosts> hosts(new OwnHosts(temp_path + "/hosts", std::move(name)));
  std::ofstream(hosts->path_).flush();
  hosts->PointTo("127.0.0.1");
  ProcessSpec spec;
  spec.argv = hosts->Wrapper();
  spec.argv.push_back("/bin/true");
  spec.stderr_path = temp_path + "/hosts.log";
  const auto exit_status = RunProcess(spec, kToolLimit);
  if (!exit_status.ok()) return exit_status.status();
  if (*exit_status == 0) return hosts;
  return absl::PermissionDeniedError("needs a mount namespace: " +
                                     ReadFile(spec.stderr_path));
}

void OwnHosts::PointTo(const std::string& address) const {
  // In place and of one length: who reads meanwhile finds the one or the other.
  std::fstream(path_, std::ios::in | std::ios::out)
      << absl::StrFormat("%-15s %s\n", address, name_);
}

std::vector<std::string> OwnHosts::Wrapper() const {
  return {kUnshare,  "--mount", "--propagation", "private",
          "/bin/sh", "-c",      kMountAndBecome, path_};
}

}  // namespace pgsluice::testing
