// What a server says of itself, its cluster, and the role that asks. Values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pgsluice {

// As new sessions of the role begin with it, start-up options of the gateway apart.
struct SettingFact {
  std::string value;  // In `unit`s.
  std::string unit;   // As in pg_settings: "ms", "s", "min", "kB"; empty: none.
};
using SettingFacts = std::map<std::string, SettingFact, std::less<>>;

// A setting by ALTER ROLE or ALTER DATABASE that concerns the role.
struct ScopedSetting {
  enum class Scope { kAllRoles, kDatabase, kRole, kRoleInDatabase };
  Scope scope = Scope::kRole;
  std::string name;
};

struct LoginFacts {
  std::string role;
  std::string database;
  bool is_superuser = false;
  bool bypasses_rls = false;
  bool may_replicate = false;
  bool may_create_roles = false;
  bool reads_all_stats = false;
  // Of the predefined roles that reach beyond the database, those it is a member of.
  std::vector<std::string> dangerous_memberships;
  // Functions that the gateway calls and it may not; signatures.
  std::vector<std::string> missing_functions;         // For probes.
  std::vector<std::string> missing_commit_functions;  // For notes of commits.
  bool may_read_wal_files = false;
  std::optional<absl::Time> valid_until;
  int connection_limit = -1;           // Of the role; -1: none.
  int database_connection_limit = -1;  // Of the database; -1: none.
};

// Client sessions now.
struct ConnectionCounts {
  int ours = 0;  // Of the role, by name a gateway's.
  int others = 0;
  int of_role = 0;      // Others' of the same role.
  int of_database = 0;  // Others' of the same database.
};

// A standby that the server sends WAL to.
struct StandbyFact {
  std::string name;
  std::string state;       // "streaming" when all is well.
  std::string sync_state;  // "async", "potential", "sync", "quorum".
};

struct SlotFact {
  std::string name;
  bool is_active = false;
  std::string wal_status;  // "reserved", "extended", "unreserved", "lost"; empty: none.
  int64_t retained_bytes = 0;
};

struct PrimaryFacts {
  uint64_t lsn = 0;
  std::vector<StandbyFact> standbys;
  bool knows_standbys = false;  // They may be looked at.
  std::vector<SlotFact> slots;
  int prepared_transactions = 0;
  absl::Duration oldest_prepared;
  int64_t oldest_frozen_age = 0;  // Transactions, over all databases.
  bool archiving_fails = false;   // The last attempt did, and none has gone well since.
};

struct ReplicaFacts {
  uint64_t replayed_lsn = 0;
  bool is_paused = false;
  bool is_receiving = false;
};

// Of the table of idempotency keys.
struct KeyTableFacts {
  bool has_schema = false;
  bool has_table = false;
  bool may_create = false;    // What is missing.
  std::string why_not_fit{};  // Empty: it is fit, or not there.
};

struct ServerFacts {
  std::string version;     // "15.14"
  int version_number = 0;  // 150014
  bool in_recovery = false;
  std::string system_identifier;
  uint32_t timeline = 0;
  std::string started_at;  // Tells one run of a server from all others.
  std::string encoding;
  absl::Duration clock_skew;            // Its clock less ours.
  absl::Duration clock_skew_precision;  // Half of the round trip.
  bool keeps_backend = true;            // Statements all met the same process.
  LoginFacts login;
  SettingFacts settings;
  std::vector<ScopedSetting> scoped_settings;
  ConnectionCounts connections;
  std::optional<PrimaryFacts> primary;
  std::optional<ReplicaFacts> replica;
  std::optional<KeyTableFacts> key_table;  // If it was asked for.
  // Questions that were not answered: what was asked, and why not.
  std::vector<std::string> unanswered;
};

}  // namespace pgsluice
