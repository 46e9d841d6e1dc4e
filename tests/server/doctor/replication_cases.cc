#include "tests/server/doctor/cases.h"

namespace pgsluice::doctor {

namespace {

// The second endpoint accepts writes, too.
void Promote(DeploymentFacts& facts, uint32_t timeline) {
  Replica(facts).in_recovery = false;
  Replica(facts).replica.reset();
  Replica(facts).timeline = timeline;
  Primary(facts).primary->standbys.clear();
}

void Synchronous(DeploymentFacts& facts, const std::string& names,
                 const std::string& state) {
  Set(Primary(facts), "synchronous_standby_names", names);
  Primary(facts).primary->standbys.front().sync_state = state;
}

}  // namespace

std::vector<Case> ReplicationCases() {
  return {
      {{"no-primary"},
       "none of them is a primary",
       [](DeploymentFacts& facts) {
         Primary(facts).in_recovery = true;
         Primary(facts).primary.reset();
       }},
      {{"no-primary", "unreachable", "unreachable"},
       "0 of 2 endpoints answer",
       [](DeploymentFacts& facts) {
         for (EndpointFacts& endpoint : facts.endpoints) {
           endpoint.server.reset();
           endpoint.trial = {.is_open = false,
                             .error = "Connection refused by " + endpoint.name};
         }
       }},
      {{"two-primaries"},
       "db1, db2 accept writes on timeline 2",
       [](DeploymentFacts& facts) { Promote(facts, 2); }},
      {{"old-primary"},
       "on timeline 2; db2 does on timeline 3",
       [](DeploymentFacts& facts) { Promote(facts, 3); }},
      {{"other-cluster"},
       "7002, that of db1 is 7001",
       [](DeploymentFacts& facts) { Replica(facts).system_identifier = "7002"; }},
      {{"other-timeline"},
       "on timeline 1, db1 on 2",
       [](DeploymentFacts& facts) { Replica(facts).timeline = 1; }},
      {{"same-server"},
       "db1 and db2",
       [](DeploymentFacts& facts) {
         const std::string name = facts.endpoints[1].name;
         facts.endpoints[1] = facts.endpoints[0];
         facts.endpoints[1].name = name;
         facts.endpoints[0].server->primary->standbys.clear();
         facts.endpoints[1].server->primary->standbys.clear();
       }},
      {{"one-endpoint"},
       "db1",
       [](DeploymentFacts& facts) { facts.endpoints.pop_back(); }},

      {{"nobody-synchronous"},
       "wants 1 of them; 0 of 1",
       [](DeploymentFacts& facts) { Synchronous(facts, "nosuch", "async"); }},
      {{"nobody-synchronous"},
       "wants 2 of them; 1 of 1",
       [](DeploymentFacts& facts) { Synchronous(facts, "ANY 2 (a, b)", "quorum"); }},
      {{}, "", [](DeploymentFacts& facts) { Synchronous(facts, "FIRST 1 (*)", "sync"); }},
      {{"commits-local"},
       "is local",
       [](DeploymentFacts& facts) {
         Synchronous(facts, "nosuch", "async");
         Set(Primary(facts), "synchronous_commit", "local");
       }},
      {{"no-standby"},
       "empty",
       [](DeploymentFacts& facts) { Primary(facts).primary->standbys.clear(); }},
      {{},
       "",  // It cannot know.
       [](DeploymentFacts& facts) {
         Primary(facts).primary->standbys.clear();
         Primary(facts).primary->knows_standbys = false;
         Set(Primary(facts), "synchronous_standby_names", "nosuch");
       }},
      {{"standby-not-streaming"},
       "db2 is in the state catchup",
       [](DeploymentFacts& facts) {
         Primary(facts).primary->standbys.front().state = "catchup";
       }},
      {{"slot-lost"},
       "wal_status unreserved",
       [](DeploymentFacts& facts) {
         Primary(facts).primary->slots.front().wal_status = "unreserved";
       }},
      {{"slot-inactive"},
       "keeps 2.0 GB",
       [](DeploymentFacts& facts) {
         Primary(facts).primary->slots.push_back({.name = "old",
                                                  .is_active = false,
                                                  .wal_status = "extended",
                                                  .retained_bytes = int64_t{2} << 30});
       }},
      {{"wal-level"},
       "minimal",
       [](DeploymentFacts& facts) { Set(Primary(facts), "wal_level", "minimal"); }},

      {{"replay-paused"},
       "paused",
       [](DeploymentFacts& facts) { Replica(facts).replica->is_paused = true; }},
      {{"not-receiving"},
       "no WAL receiver",
       [](DeploymentFacts& facts) { Replica(facts).replica->is_receiving = false; }},
      {{"replica-lags"},
       "1.1 GB of WAL behind",
       [](DeploymentFacts& facts) {
         Replica(facts).replica->replayed_lsn = 3'800'000'000;
       }},
      {{"replica-lags"},
       "1000 bytes",
       [](DeploymentFacts& facts) { facts.gateway.lag_bound.bytes = 999; }},
      {{"delayed-replica"},
       "1h",
       [](DeploymentFacts& facts) {
         Set(Replica(facts), "recovery_min_apply_delay", "3600000");
       }},
      {{"reads-stop-replay"},
       "-1",
       [](DeploymentFacts& facts) {
         Set(Replica(facts), "max_standby_streaming_delay", "-1");
       }},
      {{"reads-cancelled"},
       "delay is 30s",
       [](DeploymentFacts& facts) {
         Set(Replica(facts), "hot_standby_feedback", "off");
       }},
      {{"hot-standby-off"},
       "off",
       [](DeploymentFacts& facts) { Set(Primary(facts), "hot_standby", "off"); }},
  };
}

}  // namespace pgsluice::doctor
