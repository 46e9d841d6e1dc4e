#include "server/doctor/diagnosis.h"

#include <algorithm>
#include <utility>

#include "server/doctor/capacity_rules.h"
#include "server/doctor/cluster_rules.h"
#include "server/doctor/connection_rules.h"
#include "server/doctor/durability_rules.h"
#include "server/doctor/gateway_rules.h"
#include "server/doctor/key_table_rules.h"
#include "server/doctor/login_rules.h"
#include "server/doctor/privacy_rules.h"
#include "server/doctor/replica_rules.h"
#include "server/doctor/replication_rules.h"
#include "server/doctor/server_rules.h"
#include "server/doctor/timeout_rules.h"
#include "server/doctor/tls_rules.h"

namespace pgsluice::doctor {

namespace {

// What is configured or granted on a primary holds on its replicas, too.
Findings Merged(Findings findings) {
  Findings merged;
  for (Finding& finding : findings) {
    const auto same =
        std::find_if(merged.begin(), merged.end(), [&](const Finding& other) {
          return other.kind == finding.kind && other.found == finding.found &&
                 other.commands == finding.commands && !finding.endpoints.empty();
        });
    if (same == merged.end()) {
      merged.push_back(std::move(finding));
    } else {
      same->endpoints.insert(same->endpoints.end(), finding.endpoints.begin(),
                             finding.endpoints.end());
    }
  }
  return merged;
}

}  // namespace

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kNote: return "note";
    case Severity::kWarning: return "warning";
    case Severity::kError: return "error";
  }
  return "note";
}

Findings Diagnose(const DeploymentFacts& facts) {
  Findings findings;
  JudgeCluster(facts, findings);
  for (const EndpointFacts& endpoint : facts.endpoints) {
    JudgeConnection(endpoint, findings);
    JudgeServer(endpoint, findings);
    JudgeTls(endpoint, facts.now, findings);
    JudgeLogin(facts.gateway, endpoint, facts.now, findings);
    JudgeCapacity(facts.gateway, endpoint, findings);
    JudgeReplication(facts, endpoint, findings);
    JudgeReplica(facts, endpoint, findings);
    JudgeTimeouts(facts.gateway, endpoint, findings);
    JudgeDurability(endpoint, findings);
    JudgePrivacy(endpoint, findings);
    JudgeKeyTable(facts.gateway, endpoint, findings);
  }
  JudgeGateway(facts, findings);
  findings = Merged(std::move(findings));
  // The worst first; among equals in the order of the rules.
  std::vector<Finding> ordered;
  for (const Severity severity :
       {Severity::kError, Severity::kWarning, Severity::kNote}) {
    for (Finding& finding : findings) {
      if (finding.kind->severity == severity) ordered.push_back(std::move(finding));
    }
  }
  return ordered;
}

FindingKinds AllFindingKinds() {
  FindingKinds all;
  for (const FindingKinds& some :
       {ClusterKinds(), ConnectionKinds(), ServerKinds(), TlsKinds(), LoginKinds(),
        CapacityKinds(), ReplicationKinds(), ReplicaKinds(), TimeoutKinds(),
        DurabilityKinds(), PrivacyKinds(), KeyTableKinds(), GatewayKinds()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

size_t CountOf(const Findings& findings, Severity severity) {
  return static_cast<size_t>(std::count_if(
      findings.begin(), findings.end(),
      [severity](const Finding& finding) { return finding.kind->severity == severity; }));
}

int ExitStatusOf(const Findings& findings) {
  if (CountOf(findings, Severity::kError) > 0) return 2;
  return CountOf(findings, Severity::kWarning) > 0 ? 1 : 0;
}

}  // namespace pgsluice::doctor
