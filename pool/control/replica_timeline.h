// SQL expression: the latest timeline that a replica is known to have come to. Of the one
// that it receives, which only roles with pg_read_all_stats see; of its latest restart
// point; and of what it has on disk at least, which lag behind. PostgreSQL 10 and later.
#pragma once

#define PGSLUICE_REPLICA_TIMELINE_SQL                                          \
  "GREATEST("                                                                  \
  "(SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()), "             \
  "(SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery()), " \
  "(SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver))"
