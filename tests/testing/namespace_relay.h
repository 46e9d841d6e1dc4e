// A TCP port in a network namespace that leads to a Unix socket outside of it: PostgreSQL
// behind a link that can break. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

#include "tests/testing/network_namespace.h"

namespace pgsluice::testing {

class NamespaceRelay final {
 public:
  // Listens on the namespace's address; the namespace outlives the relay.
  static absl::StatusOr<std::unique_ptr<NamespaceRelay>> Start(
      const NetworkNamespace& network, int port, std::string socket_path);
  ~NamespaceRelay();
  NamespaceRelay(const NamespaceRelay&) = delete;
  NamespaceRelay& operator=(const NamespaceRelay&) = delete;

 private:
  NamespaceRelay(int listener, std::string socket_path);
  void Run();
  void Accept();
  void Forward(int from);
  void Cut(int fd);

  const int listener_;
  const std::string socket_path_;
  std::map<int, int> other_end_;  // Both ways. The thread's own.
  std::atomic<bool> is_closing_ = false;
  std::thread thread_;
};

}  // namespace pgsluice::testing
