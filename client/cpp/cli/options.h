// What the command line says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "pgsluice/v1/query.pb.h"

namespace pgsluice::cli {

inline constexpr char kDefaultAddress[] = "localhost:7432";
inline constexpr char kDefaultAdminAddress[] = "localhost:7433";

struct ConnectionOptions {
  std::string address = kDefaultAddress;
  std::optional<absl::Duration> timeout;
  // PEM files; one of them means TLS. The CAs may be "system".
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  bool plaintext = false;  // All the same.
  // Never the token itself: arguments can be seen by others.
  std::string token_file;
};

enum class Format { kAligned, kExpanded, kUnaligned, kCsv, kJson };

struct QueryCommandOptions {
  std::vector<std::string> commands;  // -c
  std::string named;                  // Empty: SQL.
  std::string file;                   // -f; "-" is standard input.
  std::vector<std::string> words;     // SQL, unless given by -c or -f, and parameters.
  std::vector<std::string> parameters;
  bool read = false;
  bool strong = false;
  std::string at_least;  // A token; empty: none.
  std::optional<absl::Duration> max_staleness;
  v1::IfUnmet if_unmet = v1::IF_UNMET_UNSPECIFIED;
  bool stream = false;
  bool single_transaction = false;
  bool report = false;
  uint32_t max_rows = 0;
  std::string tag;
  std::string idempotency_key;  // Empty: none.

  Format format = Format::kAligned;
  bool tuples_only = false;
  std::string null_text;
};

struct HealthCommandOptions {
  std::string service = "readiness";
  bool watch = false;
};

struct PoolsCommandOptions {
  bool watch = false;
  absl::Duration interval = absl::Seconds(1);
  bool json = false;
  uint32_t history = 0;  // Samples of each endpoint in JSON.
};

enum class TopOrder { kTotal, kMean, kP99, kCalls, kRows };

struct TopCommandOptions {
  TopOrder order = TopOrder::kTotal;
  uint32_t limit = 0;  // 0: the gateway's default.
  bool reset = false;
  bool watch = false;
  absl::Duration interval = absl::Seconds(1);
  bool json = false;
};

struct RouteCommandOptions {
  bool read = false;
  bool strong = false;
  bool json = false;
};

enum class AdminAction { kReload, kPause, kResume, kReconnect };

struct AdminCommandOptions {
  AdminAction action = AdminAction::kReload;
  std::string address = kDefaultAdminAddress;
  // Which pools; both empty: all.
  std::string endpoint;
  std::string role;
  absl::Duration wait = absl::ZeroDuration();  // For work in flight, after a pause.
};

}  // namespace pgsluice::cli
