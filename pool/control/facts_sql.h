// What AskForFacts asks, PostgreSQL 13 and later; its search_path is pg_catalog alone.
#pragma once

namespace pgsluice::facts_sql {

// Not as start-up options: those would hide what the role's own settings are.
inline constexpr char kPrepareSession[] = R"sql(
SELECT pg_catalog.set_config('search_path', 'pg_catalog', false),
       pg_catalog.set_config('statement_timeout', $1, false),
       pg_catalog.set_config('lock_timeout', $1, false),
       pg_catalog.set_config('default_transaction_read_only', 'on', false)
)sql";

inline constexpr char kIdentity[] = R"sql(
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int4 AS version_number,
       pg_is_in_recovery() AS in_recovery,
       pg_postmaster_start_time()::text AS started_at,
       current_setting('server_encoding') AS encoding,
       session_user::text AS role,
       current_database()::text AS database
)sql";

inline constexpr char kClock[] =
    "SELECT date_part('epoch', clock_timestamp())::float8, pg_backend_pid()";

inline constexpr char kSystemIdentifier[] =
    "SELECT system_identifier::text FROM pg_control_system()";

inline constexpr char kLogin[] = R"sql(
SELECT r.rolsuper, r.rolbypassrls, r.rolreplication, r.rolcreaterole, r.rolconnlimit,
       CASE WHEN isfinite(r.rolvaliduntil)
            THEN date_part('epoch', r.rolvaliduntil)::int8 END AS valid_until,
       d.datconnlimit,
       pg_has_role(r.oid, 'pg_read_all_stats', 'USAGE') AS reads_all_stats,
       has_function_privilege('pg_read_binary_file(text,bigint,bigint,boolean)', 'EXECUTE')
         AS may_read_wal_files
FROM pg_roles r, pg_database d
WHERE r.rolname = session_user AND d.datname = current_database()
)sql";

inline constexpr char kMemberships[] = R"sql(
SELECT rolname::text
FROM pg_roles
WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files',
                  'pg_execute_server_program', 'pg_write_all_data')
  AND pg_has_role(oid, 'MEMBER')
ORDER BY rolname
)sql";

// A function that another version has otherwise is none that is missing.
inline constexpr char kMissingFunctions[] = R"sql(
SELECT is_for_commits, signature
FROM (VALUES (false, 'pg_is_in_recovery()'),
             (false, 'pg_control_system()'),
             (false, 'pg_control_checkpoint()'),
             (false, 'pg_control_recovery()'),
             (false, 'pg_current_wal_lsn()'),
             (false, 'pg_walfile_name(pg_lsn)'),
             (false, 'pg_last_wal_replay_lsn()'),
             (false, 'pg_last_wal_receive_lsn()'),
             (false, 'pg_last_xact_replay_timestamp()'),
             (true, 'pg_logical_emit_message(boolean,text,text)'),
             (true, 'pg_logical_emit_message(boolean,text,text,boolean)'),
             (true, 'pg_current_xact_id_if_assigned()'),
             (true, 'pg_xact_status(xid8)')) AS functions (is_for_commits, signature)
WHERE to_regprocedure(signature) IS NOT NULL
  AND NOT has_function_privilege(to_regprocedure(signature), 'EXECUTE')
)sql";

inline constexpr char kSettings[] = R"sql(
SELECT name, reset_val, unit
FROM pg_settings
WHERE name IN (
  'autovacuum', 'client_connection_check_interval', 'default_transaction_read_only', 'fsync',
  'full_page_writes', 'hot_standby', 'hot_standby_feedback', 'idle_in_transaction_session_timeout',
  'idle_session_timeout', 'lock_timeout', 'log_min_duration_statement',
  'log_min_error_statement', 'log_parameter_max_length', 'log_parameter_max_length_on_error',
  'log_statement', 'max_connections', 'max_standby_streaming_delay', 'password_encryption',
  'recovery_min_apply_delay', 'reserved_connections', 'statement_timeout',
  'superuser_reserved_connections', 'synchronous_commit', 'synchronous_standby_names',
  'tcp_keepalives_count', 'tcp_keepalives_idle', 'tcp_keepalives_interval',
  'transaction_timeout', 'wal_level')
)sql";

inline constexpr char kScopedSettings[] = R"sql(
SELECT s.setrole <> 0 AS is_of_role, s.setdatabase <> 0 AS is_of_database,
       split_part(setting, '=', 1) AS name
FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
WHERE s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
  AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
)sql";

// A name may be followed by a trace; a long one is cut then (server/statement_label.cc).
// Who has not the privileges of pg_read_all_stats sees no backend_type of others.
inline constexpr char kConnections[] = R"sql(
SELECT count(*) FILTER (WHERE is_ours) AS ours,
       count(*) FILTER (WHERE NOT is_ours) AS others,
       count(*) FILTER (WHERE NOT is_ours AND usename = session_user) AS of_role,
       count(*) FILTER (WHERE NOT is_ours AND datname = current_database()) AS of_database
FROM (SELECT usename, datname,
             usename = session_user
               AND split_part(application_name, ';trace=', 1)
                   IN ($1, left($1, 24), 'pgsluice control') AS is_ours
      FROM pg_stat_activity
      WHERE datid IS NOT NULL AND pid <> pg_backend_pid()
        AND COALESCE(backend_type, 'client backend') = 'client backend') AS sessions
)sql";

inline constexpr char kStandbys[] = R"sql(
SELECT application_name AS name, state, sync_state
FROM pg_stat_replication
ORDER BY application_name
)sql";

inline constexpr char kSlots[] = R"sql(
SELECT slot_name::text AS name, active, wal_status,
       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::int8 AS retained
FROM pg_replication_slots
WHERE NOT temporary
ORDER BY slot_name
)sql";

inline constexpr char kPrimary[] = R"sql(
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8 AS lsn,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int4 AS timeline
)sql";

inline constexpr char kUpkeep[] = R"sql(
SELECT (SELECT count(*) FROM pg_prepared_xacts) AS prepared,
       (SELECT COALESCE(max(date_part('epoch', now() - prepared)), 0)
        FROM pg_prepared_xacts) AS oldest_prepared,
       (SELECT max(age(datfrozenxid)) FROM pg_database) AS frozen_age,
       COALESCE((SELECT last_failed_time > COALESCE(last_archived_time, '-infinity')
                 FROM pg_stat_archiver), false) AS archiving_fails
)sql";

inline constexpr char kReplica[] = R"sql(
SELECT COALESCE(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::int8, 0) AS lsn,
       pg_is_wal_replay_paused() AS is_paused,
       EXISTS (SELECT FROM pg_stat_wal_receiver
               WHERE COALESCE(status, 'streaming') = 'streaming') AS is_receiving
)sql";

inline constexpr char kKeyTable[] = R"sql(
SELECT n.oid IS NOT NULL AS has_schema,
       EXISTS (SELECT FROM pg_class c
               WHERE c.relnamespace = n.oid AND c.relname = $2) AS has_table,
       CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege(n.oid, 'CREATE') END AS may_create
FROM (SELECT) AS one
LEFT JOIN pg_namespace n ON n.nspname = $1
)sql";

}  // namespace pgsluice::facts_sql
