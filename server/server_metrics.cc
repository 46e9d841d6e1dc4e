// What the gateway tells of itself to Prometheus.
#include <grpcpp/grpcpp.h>
#include <utility>

#include <libpq-fe.h>

#include "pool/str_cat.h"
#include "server/commit.h"
#include "server/log.h"
#include "server/server.h"
#include "server/version.h"

namespace pgsluice {

namespace {

// 150012: 15.12.
std::string LibpqVersion() {
  constexpr int kMajor = 10000;
  const int version = PQlibVersion();
  return StrCat(version / kMajor, ".", version % kMajor);
}

AdmissionTotals TotalsOf(const Admission& admission) {
  const Admission::Limits limits = admission.limits();
  const Admission::Refusals refusals = admission.refusals();
  return {.calls = admission.calls(),
          .transactions = admission.transactions(),
          .max_calls = limits.max_calls,
          .max_transactions = limits.max_transactions,
          .refused_calls = refusals.calls,
          .refused_transactions = refusals.transactions,
          .refused_draining = refusals.draining};
}

PortTotals TotalsOf(std::string name, const ConnectionTotals& totals) {
  PortTotals port{.name = std::move(name), .open = totals.open};
  for (size_t i = 0; i < totals.cuts.size(); ++i) {
    port.cut.push_back(
        {std::string(CutReasonName(static_cast<CutReason>(i))), totals.cuts[i]});
  }
  for (size_t i = 0; i < totals.verdicts.size(); ++i) {
    const auto verdict = static_cast<ConnectionVerdict>(i);
    if (verdict == ConnectionVerdict::kAccept) {
      port.accepted = totals.verdicts[i];
    } else {
      port.refused.push_back(
          {std::string(ConnectionVerdictName(verdict)), totals.verdicts[i]});
    }
  }
  return port;
}

}  // namespace

int Server::metrics_port() const {
  return metrics_endpoint_ == nullptr ? 0 : metrics_endpoint_->port();
}

absl::Status Server::ServeMetrics() {
  const std::string& address = config_.server().metrics_listen_address();
  if (address.empty()) return absl::OkStatus();
  auto endpoint =
      MetricsEndpoint::Start(address, [this] { return AllFamilies(TakeSnapshot()); });
  if (!endpoint.ok()) return endpoint.status();
  metrics_endpoint_ = *std::move(endpoint);
  return absl::OkStatus();
}

GatewaySnapshot Server::TakeSnapshot() const {
  GatewaySnapshot snapshot;
  snapshot.now = clock_.Now();
  snapshot.shards = AddUp(metrics_);
  snapshot.pools = cluster_->StatsSinceStart();
  snapshot.topology = cluster_->topology();
  snapshot.ejections = cluster_->EjectionCounts();
  snapshot.buffer = cluster_->BufferStats();
  snapshot.fresh_reads = cluster_->fresh_reads();
  const ReadResends::Totals resends = resends_.totals();
  snapshot.reads_resent = resends.resent;
  snapshot.read_resends_refused = resends.refused;
  snapshot.commits = resolver_->counters();
  snapshot.monitors = monitor_->Recall(0);
  snapshot.admission = TotalsOf(admission_);
  if (tracing_ != nullptr) snapshot.tracing = tracing_->totals();
  snapshot.audit_written = audit_.written();
  snapshot.audit_dropped = audit_.dropped();
  snapshot.health = health_.state().facts;
  const Reloader::LastReload reload = reloader_->last();
  snapshot.has_reload_succeeded = reload.has_succeeded;
  snapshot.reloaded_at = reload.at;
  snapshot.build = {.version = kVersion,
                    .commit = kCommit,
                    .grpc = grpc::Version(),
                    .libpq = LibpqVersion()};
  snapshot.process = ReadProcessStats();
  snapshot.ports.push_back(TotalsOf("main", main_port_->totals()));
  if (admin_port_ != nullptr) {
    snapshot.ports.push_back(TotalsOf("admin", admin_port_->totals()));
  }
  snapshot.suppressed_log_lines = SuppressedLogLines();
  return snapshot;
}

}  // namespace pgsluice
