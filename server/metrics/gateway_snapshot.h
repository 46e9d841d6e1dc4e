// All that the metrics tell, at one moment. Value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "pool/commit_resolver.h"
#include "pool/endpoint_monitor.h"
#include "pool/failover_buffer.h"
#include "pool/fresh_reads.h"
#include "pool/outlier_detector.h"
#include "pool/pool_stats.h"
#include "pool/topology.h"
#include "server/health_registry.h"
#include "server/metrics/family.h"
#include "server/metrics/process_stats.h"
#include "server/metrics/shard_totals.h"
#include "server/tracing/span_queue.h"

namespace pgsluice {

struct BuildInfo {
  std::string version;  // Of pgsluice.
  std::string commit;   // Of its sources; empty: not known.
  std::string grpc;
  std::string libpq;
};

// See Admission.
struct AdmissionTotals {
  size_t calls = 0;         // In progress.
  size_t transactions = 0;  // Of these.
  size_t max_calls = 0;
  size_t max_transactions = 0;
  uint64_t refused_calls = 0;
  uint64_t refused_transactions = 0;
  uint64_t refused_draining = 0;
};

// See ConnectionAcceptor.
struct PortTotals {
  struct Ended {
    std::string reason;
    uint64_t count = 0;
  };
  std::string name;
  size_t open = 0;
  uint64_t accepted = 0;
  std::vector<Ended> refused = {};  // On arrival.
  std::vector<Ended> cut = {};      // While they were served.
};

struct GatewaySnapshot {
  absl::Time now;
  ShardTotals shards;
  std::vector<PoolStats> pools;  // Since start: several of one endpoint, login, role.
  Topology topology;
  OutlierDetector::Counts ejections = {};
  FailoverBufferStats buffer;
  FreshReadCounts fresh_reads;
  uint64_t reads_resent = 0;
  uint64_t read_resends_refused = 0;
  CommitResolver::Counters commits;
  std::vector<EndpointMemory> monitors;
  AdmissionTotals admission;
  TracingTotals tracing;
  uint64_t audit_written = 0;
  uint64_t audit_dropped = 0;
  HealthFacts health;
  bool has_reload_succeeded = true;
  absl::Time reloaded_at;
  BuildInfo build;
  ProcessStats process;
  std::vector<PortTotals> ports;
  uint64_t suppressed_log_lines = 0;
};

// In the order in which they are told. A family is always there, even without a series.
Families AllFamilies(const GatewaySnapshot& snapshot);

// The parts of it, one a topic.
void AddRpcFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddStatementFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddCallFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddPoolFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddTopologyFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddRoutingFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddAlertFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddTracingFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddConnectionFamilies(const GatewaySnapshot& snapshot, Families& families);
void AddProcessFamilies(const GatewaySnapshot& snapshot, Families& families);

}  // namespace pgsluice
