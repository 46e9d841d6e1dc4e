#include "server/doctor/cluster_rules.h"

#include <algorithm>

#include "absl/strings/str_join.h"

#include "pool/str_cat.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kNoPrimary = {
    "no-primary", Severity::kError, "no endpoint that answers accepts writes",
    "Writes, and reads that want what is newest, have nowhere to go."};
constexpr FindingKind kTwoPrimaries = {
    "two-primaries", Severity::kError,
    "several endpoints of one cluster accept writes on one timeline",
    "The gateway then takes none of them: what is written on both sides can never be "
    "joined again."};
constexpr FindingKind kOldPrimary = {
    "old-primary", Severity::kError,
    "an endpoint accepts writes on a lower timeline than another",
    "It was left behind by a failover; the gateway does not use it, but others may still "
    "write there, and all of that will be lost."};
constexpr FindingKind kOtherCluster = {
    "other-cluster", Severity::kError, "endpoints have different system identifiers",
    "It holds other data; the gateway does not use it."};
constexpr FindingKind kOtherTimeline = {
    "other-timeline", Severity::kWarning,
    "a replica is on another timeline than the primary",
    "It may not have followed the last failover, or gone a way of its own; its reads "
    "would show another past."};
constexpr FindingKind kSameServer = {
    "same-server", Severity::kWarning, "two endpoints are one and the same server",
    "It gets twice the sessions that it should, and is no second server when it fails."};
constexpr FindingKind kOneEndpoint = {
    "one-endpoint", Severity::kNote, "there is one endpoint only",
    "Nothing takes over when it fails, and it serves all reads."};

using Endpoints = std::vector<const EndpointFacts*>;

std::vector<std::string> NamesOf(const Endpoints& endpoints) {
  std::vector<std::string> names;
  for (const EndpointFacts* endpoint : endpoints) names.push_back(endpoint->name);
  return names;
}

std::string Listed(const Endpoints& endpoints) {
  return absl::StrJoin(NamesOf(endpoints), ", ");
}

Endpoints AnsweringOf(const DeploymentFacts& facts) {
  Endpoints answering;
  for (const EndpointFacts& endpoint : facts.endpoints) {
    if (endpoint.server.has_value()) answering.push_back(&endpoint);
  }
  return answering;
}

// The server that the others are compared with: a primary on the highest timeline; else
// the first one.
const EndpointFacts* LeaderOf(const Endpoints& answering) {
  const EndpointFacts* leader = nullptr;
  for (const EndpointFacts* endpoint : answering) {
    const bool is_better =
        leader == nullptr || (endpoint->is_primary() && !leader->is_primary()) ||
        (endpoint->is_primary() && endpoint->server->timeline > leader->server->timeline);
    if (is_better) leader = endpoint;
  }
  return leader;
}

void JudgeSameServers(const Endpoints& answering, Findings& findings) {
  for (size_t i = 0; i < answering.size(); ++i) {
    for (size_t j = i + 1; j < answering.size(); ++j) {
      const ServerFacts& one = *answering[i]->server;
      const ServerFacts& other = *answering[j]->server;
      const bool is_same = !one.system_identifier.empty() &&
                           one.system_identifier == other.system_identifier &&
                           one.started_at == other.started_at &&
                           one.in_recovery == other.in_recovery &&
                           one.login.database == other.login.database;
      if (!is_same) continue;
      findings.push_back({&kSameServer, NamesOf({answering[i], answering[j]}),
                          StrCat(answering[i]->name, " and ", answering[j]->name,
                                 " started in the same microsecond, in one cluster."),
                          "List each server once, by one address."});
    }
  }
}

bool IsSameServer(const EndpointFacts& one, const EndpointFacts& other) {
  return one.server->started_at == other.server->started_at;
}

void JudgePrimaries(const Endpoints& answering, const EndpointFacts& leader,
                    Findings& findings) {
  Endpoints primaries = {&leader};
  for (const EndpointFacts* endpoint : answering) {
    const ServerFacts& server = *endpoint->server;
    if (endpoint == &leader || !endpoint->is_primary() ||
        server.system_identifier != leader.server->system_identifier ||
        IsSameServer(*endpoint, leader)) {
      continue;
    }
    if (server.timeline == leader.server->timeline) {
      primaries.push_back(endpoint);
      continue;
    }
    findings.push_back(
        {&kOldPrimary,
         {endpoint->name},
         StrCat("It accepts writes on timeline ", server.timeline, "; ", leader.name,
                " does on timeline ", leader.server->timeline, "."),
         "Stop it, and make it a replica again (pg_rewind, or a new "
         "base backup)."});
  }
  if (primaries.size() < 2) return;
  findings.push_back(
      {&kTwoPrimaries, NamesOf(primaries),
       StrCat(Listed(primaries), " accept writes on timeline ", leader.server->timeline,
              "."),
       "Stop all but the one whose data is to be kept, and make the others "
       "its replicas."});
}

void JudgeFollowers(const Endpoints& answering, const EndpointFacts& leader,
                    Findings& findings) {
  const ServerFacts& first = *leader.server;
  for (const EndpointFacts* endpoint : answering) {
    const ServerFacts& server = *endpoint->server;
    const bool is_known =
        !server.system_identifier.empty() && !first.system_identifier.empty();
    if (is_known && server.system_identifier != first.system_identifier) {
      findings.push_back(
          {&kOtherCluster,
           {endpoint->name},
           StrCat("Its system identifier is ", server.system_identifier, ", that of ",
                  leader.name, " is ", first.system_identifier, "."),
           "Correct its host and port, or make it a replica by "
           "pg_basebackup."});
    } else if (leader.is_primary() && endpoint->is_replica() && server.timeline != 0 &&
               server.timeline != first.timeline) {
      findings.push_back({&kOtherTimeline,
                          {endpoint->name},
                          StrCat("It is on timeline ", server.timeline, ", ", leader.name,
                                 " on ", first.timeline, "."),
                          "Let it follow: recovery_target_timeline = 'latest', and "
                          "primary_conninfo of the primary. If its log says that the "
                          "timelines have forked, use pg_rewind."});
    }
  }
}

}  // namespace

FindingKinds ClusterKinds() {
  return {&kNoPrimary,     &kTwoPrimaries, &kOldPrimary, &kOtherCluster,
          &kOtherTimeline, &kSameServer,   &kOneEndpoint};
}

void JudgeCluster(const DeploymentFacts& facts, Findings& findings) {
  const Endpoints answering = AnsweringOf(facts);
  const EndpointFacts* leader = LeaderOf(answering);
  if (leader == nullptr || !leader->is_primary()) {
    findings.push_back({&kNoPrimary,
                        {},
                        StrCat(answering.size(), " of ", facts.endpoints.size(),
                               " endpoints answer; none of them is a primary."),
                        "Start the primary, list it, or promote a replica (pg_ctl "
                        "promote, or what manages the cluster)."});
  }
  if (facts.endpoints.size() == 1) {
    findings.push_back({&kOneEndpoint,
                        {facts.endpoints.front().name},
                        StrCat(facts.endpoints.front().name, " is the only endpoint."),
                        "Nothing, if that is meant; else list its replicas, too."});
  }
  if (leader == nullptr) return;
  JudgeSameServers(answering, findings);
  if (leader->is_primary()) JudgePrimaries(answering, *leader, findings);
  JudgeFollowers(answering, *leader, findings);
}

}  // namespace pgsluice::doctor
