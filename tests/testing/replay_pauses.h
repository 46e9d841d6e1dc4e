// Replicas that stop replaying, and go on.
#pragma once

#include <string>

#include "tests/testing/postgres_cluster.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {

// Returns once it has stopped.
inline void PauseReplay(PostgresCluster& cluster, size_t replica) {
  cluster.Sql(replica, "SELECT pg_wal_replay_pause()");
  EXPECT_TRUE(WaitFor("replay is paused", [&] {
    return cluster.Sql(replica, "SELECT pg_get_wal_replay_pause_state()") == "paused";
  }));
}

inline void ResumeReplay(PostgresCluster& cluster, size_t replica) {
  cluster.Sql(replica, "SELECT pg_wal_replay_resume()");
}

// It receives nothing any more, and does not seem to be behind.
inline void CutReplication(PostgresCluster& cluster, size_t replica) {
  cluster.Sql(replica, "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'");
  cluster.Sql(replica, "SELECT pg_reload_conf()");
  EXPECT_TRUE(WaitFor("replication is cut", [&] {
    return cluster.Sql(replica, "SELECT count(*) FROM pg_stat_wal_receiver") == "0";
  }));
}

inline void FollowServer(PostgresCluster& cluster, size_t replica,
                         const std::string& conninfo) {
  // ALTER SYSTEM takes no parameters.
  cluster.Sql(replica, "ALTER SYSTEM SET primary_conninfo = '" + conninfo + "'");
  cluster.Sql(replica, "ALTER SYSTEM SET primary_slot_name = ''");
  cluster.Sql(replica, "SELECT pg_reload_conf()");
}

}  // namespace pgsluice::testing
