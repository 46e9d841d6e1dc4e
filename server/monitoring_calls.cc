#include "server/monitoring_calls.h"

#include "server/convert/memory_to_proto.h"
#include "server/convert/role.h"
#include "server/convert/times.h"
#include "server/routing_report.h"
#include "server/version.h"

namespace pgsluice {

v1::EndpointPoolStats PoolStatsToProto(const PoolStats& stats) {
  v1::EndpointPoolStats proto;
  proto.set_endpoint(stats.endpoint);
  proto.set_login(stats.login);
  proto.set_role(ToProto(stats.role));
  proto.set_retired(stats.is_retired);
  proto.set_min_size(static_cast<uint32_t>(stats.min_size));
  proto.set_max_size(static_cast<uint32_t>(stats.max_size));
  proto.set_open(static_cast<uint32_t>(stats.open));
  proto.set_idle(static_cast<uint32_t>(stats.idle));
  proto.set_leased(static_cast<uint32_t>(stats.leased));
  proto.set_maintenance(static_cast<uint32_t>(stats.maintenance));
  proto.set_connecting(static_cast<uint32_t>(stats.connecting));
  proto.set_waiters(static_cast<uint32_t>(stats.waiters));
  if (stats.oldest_wait.has_value()) {
    *proto.mutable_oldest_wait() = ToProto(*stats.oldest_wait);
  }
  if (stats.next_dial_in.has_value()) {
    *proto.mutable_next_dial_in() = ToProto(*stats.next_dial_in);
  }
  proto.set_last_error(stats.last_error);
  proto.set_target_size(static_cast<uint32_t>(stats.target_size));
  proto.set_transactions(static_cast<uint32_t>(stats.transactions));
  proto.set_paused(stats.is_paused);
  proto.set_to_renew(static_cast<uint32_t>(stats.to_renew));

  const PoolCounters& totals = stats.counters;
  v1::PoolCounters& counters = *proto.mutable_counters();
  counters.set_acquired(totals.acquired);
  counters.set_acquired_after_wait(totals.acquired_after_wait);
  *counters.mutable_wait_total() = ToProto(totals.wait_total);
  counters.set_acquire_timeouts(totals.acquire_timeouts);
  counters.set_queue_full(totals.queue_full);
  counters.set_acquire_cancelled(totals.acquire_cancelled);
  counters.set_opened(totals.opened);
  counters.set_connect_failures(totals.connect_failures);
  for (size_t i = 0; i < totals.closed.size(); ++i) {
    if (totals.closed[i] == 0) continue;
    const std::string reason(CloseReasonName(static_cast<CloseReason>(i)));
    (*counters.mutable_closed())[reason] = totals.closed[i];
  }
  counters.set_resets(totals.resets);
  counters.set_cancels(totals.cancels);
  counters.set_gave_up(totals.gave_up);
  counters.set_doomed(totals.doomed);
  counters.set_doomed_refused(totals.doomed_refused);
  counters.set_pings(totals.pings);
  counters.set_cancelled(totals.cancelled.cancelled);
  counters.set_cancelled_seen_idle(totals.cancelled.seen_idle);
  counters.set_cancelled_seen_gone(totals.cancelled.seen_gone);
  counters.set_cancelled_followed(totals.cancelled.followed());
  return proto;
}

namespace {

void CertificateToProto(const CertificateStore& certificates, absl::Time now,
                        v1::Certificate& proto) {
  const absl::Time expires = certificates.current()->expires;
  proto.mutable_expires()->set_seconds(absl::ToUnixSeconds(expires));
  *proto.mutable_expires_in() = ToProto(expires - now);
  proto.set_problem(certificates.problem());
}

}  // namespace

asio::awaitable<void> ServeHealth(std::shared_ptr<HealthCall> call,
                                  const CallEnvironment& environment,
                                  const HealthRegistry& registry,
                                  const CertificateStore* certificates,
                                  absl::Time server_start) {
  const HealthFacts facts = registry.state().facts;
  const Pauses pauses = environment.cluster.pauses();
  RouteRequest read;
  read.intent = Intent::kRead;
  const RouteExplanation reads = environment.cluster.Explain(read);
  const absl::Time now = absl::Now();
  v1::HealthResponse response;
  response.set_ready(IsReady(facts));
  response.set_draining(facts.draining);
  const Topology& topology = reads.topology;
  response.set_topology_generation(topology.generation);
  for (size_t i = 0; i < topology.endpoints.size(); ++i) {
    const EndpointView& view = topology.endpoints[i];
    v1::EndpointHealth& endpoint = *response.add_endpoints();
    endpoint = EndpointHealthToProto(view, now);
    endpoint.set_paused(pauses.Covers(view.name, view.role));
    const Rejection rejection = JudgeAs(view.role, {}, view, reads.endpoints[i].load);
    endpoint.set_in_rotation(rejection == Rejection::kNone);
    if (rejection == Rejection::kNone) continue;
    endpoint.set_out_of_rotation_why(std::string(RejectionName(rejection)));
  }
  if (topology.outage_since.has_value()) {
    *response.mutable_no_primary_for() = ToProto(now - *topology.outage_since);
  }
  if (!topology.HasUsablePrimary()) response.set_no_primary_why(WhyNoPrimary(topology));
  response.set_version(kVersion);
  *response.mutable_uptime() = ToProto(now - server_start);
  if (certificates != nullptr) {
    CertificateToProto(*certificates, now, *response.mutable_certificate());
  }
  call->Ended();
  co_await call->Finish(response, grpc::Status::OK);
}

v1::PoolStatsResponse GatherPoolStats(const CallEnvironment& environment,
                                      const PoolMonitor& monitor, size_t history) {
  v1::PoolStatsResponse response;
  for (const PoolStats& stats : environment.cluster.Stats()) {
    *response.add_pools() = PoolStatsToProto(stats);
  }
  const size_t transactions = environment.admission.transactions();
  response.set_calls_in_progress(static_cast<uint32_t>(environment.admission.calls()));
  response.set_transactions_in_progress(static_cast<uint32_t>(transactions));
  for (const EndpointMemory& memory : monitor.Recall(history)) {
    *response.add_monitors() = ToProto(memory);
  }
  const FreshReadCounts fresh = environment.cluster.fresh_reads();
  v1::FreshReads& fresh_reads = *response.mutable_fresh_reads();
  fresh_reads.set_met(fresh.met);
  fresh_reads.set_met_after_wait(fresh.met_after_wait);
  fresh_reads.set_to_primary(fresh.to_primary);
  fresh_reads.set_unmet(fresh.unmet);
  fresh_reads.set_tokens_refused(fresh.tokens_refused);
  fresh_reads.set_waiting(static_cast<uint32_t>(fresh.waiting));
  fresh_reads.set_questions(fresh.questions);
  const ReadResends::Totals resends = environment.resends.totals();
  response.set_reads_resent(resends.resent);
  response.set_read_resends_refused(resends.refused);
  *response.mutable_routing() = RoutingStatsToProto(environment.cluster);
  const CommitResolver::Counters commits = environment.resolver.counters();
  v1::CommitsInDoubt& in_doubt = *response.mutable_commits_in_doubt();
  in_doubt.set_committed(commits.committed);
  in_doubt.set_aborted(commits.aborted);
  in_doubt.set_unknown(commits.unknown);
  in_doubt.set_open(static_cast<uint32_t>(commits.open));
  *response.mutable_sample_interval() = ToProto(monitor.options().interval);
  return response;
}

asio::awaitable<void> ServePoolStats(std::shared_ptr<PoolStatsCall> call,
                                     const CallEnvironment& environment,
                                     const PoolMonitor& monitor) {
  const v1::PoolStatsResponse response =
      GatherPoolStats(environment, monitor, call->request.history());
  call->Ended();
  co_await call->Finish(response, grpc::Status::OK);
}

}  // namespace pgsluice
