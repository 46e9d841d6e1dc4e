// The configuration file of one node under Patroni.
#pragma once

#include <string>

namespace pgsluice::testing {

struct PatroniNode {
  std::string name;
  std::string bin_dir;  // Of PostgreSQL.
  std::string data_dir;
  std::string temp_dir;  // For sockets and passwords that nobody has.
  int postgres_port = 0;
  int rest_port = 0;
  int etcd_port = 0;
};

// How long the leader's claim lasts when it is not renewed: a node that is killed is
// replaced after that. Patroni before 3.1 takes it as it is, a later one makes it 20 s.
inline constexpr int kPatroniTtlSeconds = 10;

std::string PatroniYaml(const PatroniNode& node);

}  // namespace pgsluice::testing
