#include "tests/testing/network_namespace.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <system_error>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "tests/testing/process.h"

namespace pgsluice::testing {
namespace {

constexpr absl::Duration kToolLimit = absl::Seconds(20);
constexpr char kNamespaces[] = "/run/netns";
// With a process id behind it, still short enough for the name of a network device.
constexpr char kPrefix[] = "pgsl";

// Addresses of RFC 2544, for tests of networks: no one else's. Each process has others.
constexpr int kPairs = 1 << 13;
std::string AddressOf(int second_byte, int offset) {
  const int number = (getpid() % kPairs) * 4 + offset;
  return absl::StrCat("198.", second_byte, ".", number / 256, ".", number % 256);
}

std::string FindIpTool() {
  for (const char* path : {"/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"}) {
    if (access(path, X_OK) == 0) return path;
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<NetworkNamespace>> NetworkNamespace::Create(
    const std::string& scratch_path) {
  if (geteuid() != 0) return absl::PermissionDeniedError("needs root");
  std::string ip_tool = FindIpTool();
  if (ip_tool.empty()) return absl::NotFoundError("needs the package iproute2");
  std::unique_ptr<NetworkNamespace> made(
      new NetworkNamespace(std::move(ip_tool), scratch_path));
  made->RemoveLeftovers();
  if (absl::Status status = made->SetUp(); !status.ok()) return status;
  return made;
}

NetworkNamespace::NetworkNamespace(std::string ip_tool, std::string scratch_path)
    : ip_tool_(std::move(ip_tool)),
      scratch_path_(std::move(scratch_path)),
      name_(absl::StrCat(kPrefix, getpid())),
      gateway_(AddressOf(18, 1)),
      next_hop_(AddressOf(18, 2)),
      address_(AddressOf(19, 2)) {}

NetworkNamespace::~NetworkNamespace() { Remove(name_); }

absl::Status NetworkNamespace::SetUp() {
  for (const std::string& words : {
           absl::StrCat("netns add ", name_),
           absl::StrCat("link add ", name_, " type veth peer name far netns ", name_),
           absl::StrCat("addr add ", gateway_, "/30 dev ", name_),
           absl::StrCat("link set ", name_, " up"),
           absl::StrCat("-n ", name_, " addr add ", next_hop_, "/30 dev far"),
           absl::StrCat("-n ", name_, " link set far up"),
           absl::StrCat("-n ", name_, " link set lo up"),
           // What packets find once the address is lost: no error is sent back.
           absl::StrCat("-n ", name_, " route add blackhole ", address_),
           absl::StrCat("route add ", address_, " via ", next_hop_),
       }) {
    if (absl::Status status = Ip(words); !status.ok()) return status;
  }
  return RegainAddress();
}

absl::Status NetworkNamespace::Enter() const {
  const int fd =
      open(absl::StrCat(kNamespaces, "/", name_).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, name_);
  const int result = setns(fd, CLONE_NEWNET);
  const int error = errno;
  close(fd);
  return result == 0 ? absl::OkStatus() : absl::ErrnoToStatus(error, "setns");
}

absl::Status NetworkNamespace::LoseAddress() {
  return Ip(absl::StrCat("-n ", name_, " addr del ", address_, "/32 dev lo"));
}

absl::Status NetworkNamespace::RegainAddress() {
  return Ip(absl::StrCat("-n ", name_, " addr add ", address_, "/32 dev lo"));
}

absl::Status NetworkNamespace::Ip(const std::string& words) const {
  ProcessSpec spec;
  spec.argv = absl::StrSplit(absl::StrCat(ip_tool_, " ", words), ' ');
  spec.stderr_path = scratch_path_ + "/ip.log";
  const auto exit_status = RunProcess(spec, kToolLimit);
  if (!exit_status.ok()) return exit_status.status();
  if (*exit_status == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("ip ", words, " failed:\n", ReadFile(spec.stderr_path)));
}

void NetworkNamespace::RemoveLeftovers() const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kNamespaces, error)) {
    const std::string name = entry.path().filename();
    if (name.rfind(kPrefix, 0) != 0) continue;
    const std::string owner = name.substr(sizeof kPrefix - 1);
    // One of our own id is of a process that has ended, too.
    if (owner == absl::StrCat(getpid()) || !std::filesystem::exists("/proc/" + owner)) {
      Remove(name);
    }
  }
}

void NetworkNamespace::Remove(const std::string& name) const {
  // Errors: it is not there. The pair goes first: the namespace itself lives on as long
  // as a socket in it does.
  Ip(absl::StrCat("link del ", name)).IgnoreError();
  Ip(absl::StrCat("netns del ", name)).IgnoreError();
}

}  // namespace pgsluice::testing
