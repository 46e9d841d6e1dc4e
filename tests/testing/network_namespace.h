// A network namespace with a veth pair that leads to it, and an address in it that can
// be lost: packets to it and from it then vanish, without RST or ICMP, as behind a dead
// link or a virtual IP that has moved. Needs root and iproute2.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgsluice::testing {

class NetworkNamespace final {
 public:
  // Fails, naming the reason, where there is no such thing. Also removes what test
  // processes that were killed have left behind. `scratch_path`: for the output of ip.
  static absl::StatusOr<std::unique_ptr<NetworkNamespace>> Create(
      const std::string& scratch_path);
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  // Of listeners in the namespace; reached from outside.
  const std::string& address() const { return address_; }
  // Sockets that the calling thread makes from now on belong to the namespace.
  absl::Status Enter() const;

  absl::Status LoseAddress();
  absl::Status RegainAddress();

 private:
  NetworkNamespace(std::string ip_tool, std::string scratch_path);
  absl::Status SetUp();
  // Runs `ip` with these words.
  absl::Status Ip(const std::string& words) const;
  void RemoveLeftovers() const;
  void Remove(const std::string& name) const;

  const std::string ip_tool_;
  const std::string scratch_path_;
  const std::string name_;     // Of the namespace, and of our end of the pair.
  const std::string gateway_;  // Our end's address.
  const std::string next_hop_;
  const std::string address_;
};

}  // namespace pgsluice::testing
