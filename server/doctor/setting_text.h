// Settings of PostgreSQL as durations, numbers and words, and the SQL that changes them.
// Rules file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

#include "pool/control/server_facts.h"

namespace pgsluice::doctor {

// Empty when the server has no such setting, or does not show it.
std::string TextOf(const ServerFacts& server, std::string_view name);
bool Is(const ServerFacts& server, std::string_view name, std::string_view value);
// Absent when the server has no such setting, or it is no number.
std::optional<int64_t> NumberOf(const ServerFacts& server, std::string_view name);
// As NumberOf; PostgreSQL's -1 is negative here, too.
std::optional<absl::Duration> DurationOf(const ServerFacts& server,
                                         std::string_view name);

// "2s", "1h30m".
std::string Text(absl::Duration duration);
// "1.5 GB".
std::string BytesText(int64_t bytes);
// "7 days", "3 hours"; of less than an hour "0 hours".
std::string DaysText(absl::Duration duration);

// As SQL wants it, in double quotes if need be.
std::string Identifier(std::string_view name);
// As SQL wants a string.
std::string Literal(std::string_view text);

// " (set for the role app in the database app)"; empty when neither role nor database
// has it of its own.
std::string WhereSet(const ServerFacts& server, std::string_view name);
// ALTER ROLE, for the gateway's role, in its database only if that is where it is set.
std::string SetForRole(const ServerFacts& server, std::string_view name,
                       std::string_view value);
// ALTER SYSTEM; takes effect by the next command.
std::string SetForServer(std::string_view name, std::string_view value);
inline constexpr char kReloadServer[] = "SELECT pg_reload_conf();";

}  // namespace pgsluice::doctor
