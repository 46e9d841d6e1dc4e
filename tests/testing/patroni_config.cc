#include "tests/testing/patroni_config.h"

#include "absl/strings/substitute.h"

namespace pgsluice::testing {
namespace {

// $0 name, $1 bin_dir, $2 data_dir, $3 temp_dir, $4 PostgreSQL's port, $5 REST port,
// $6 etcd's port, $7 ttl. Patroni wants loop_wait + 2 * retry_timeout <= ttl.
// Processes are killed, not machines: fsync is not needed. pg_rewind needs checksums and
// full_page_writes.
constexpr char kYaml[] = R"(scope: pgsluice
name: $0
restapi:
  listen: 127.0.0.1:$5
  connect_address: 127.0.0.1:$5
etcd3:
  host: 127.0.0.1:$6
bootstrap:
  dcs:
    ttl: $7
    loop_wait: 1
    retry_timeout: 3
    maximum_lag_on_failover: 1073741824
    synchronous_mode: false
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        wal_level: replica
        hot_standby: 'on'
        max_connections: 60
        max_wal_senders: 8
        wal_keep_size: 256MB
  initdb:
    - encoding: UTF8
    - locale: C.UTF-8
    - auth: trust
    - data-checksums
    - no-sync
  pg_hba:
    - local all all trust
    - host all all 127.0.0.1/32 trust
    - host replication all 127.0.0.1/32 trust
postgresql:
  listen: 127.0.0.1:$4
  connect_address: 127.0.0.1:$4
  bin_dir: $1
  data_dir: $2
  pgpass: $3/pgpass-$0
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  authentication:
    superuser:
      username: postgres
    replication:
      username: postgres
  basebackup:
    - checkpoint: fast
    - no-sync
  parameters:
    unix_socket_directories: $3
    fsync: 'off'
    shared_buffers: 32MB
    max_wal_size: 512MB
    autovacuum: 'off'
    jit: 'off'
    wal_retrieve_retry_interval: 200ms
    log_min_messages: warning
watchdog:
  mode: 'off'
)";

}  // namespace

std::string PatroniYaml(const PatroniNode& node) {
  return absl::Substitute(kYaml, node.name, node.bin_dir, node.data_dir, node.temp_dir,
                          node.postgres_port, node.rest_port, node.etcd_port,
                          kPatroniTtlSeconds);
}

}  // namespace pgsluice::testing
