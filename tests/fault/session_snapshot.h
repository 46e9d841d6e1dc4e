// What a session shows of its earlier callers, as text to compare.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"

#include "tests/testing/gateway_client.h"

namespace pgsluice::testing {

// All that one session could inherit from its last holder, but for lastval(), and the
// namespace for temporary objects, which stays, empty. A loaded library stays, too: its
// settings are there from then on, at their defaults. transaction_read_only and its like
// start anew with each transaction; that one was set stays written. random() comes last,
// and once.
inline constexpr char kSnapshot[] = R"(
  SELECT (SELECT coalesce(string_agg(name || '=' || setting, ', ' ORDER BY name), '')
          FROM pg_settings WHERE source = 'session'
            AND name NOT LIKE 'transaction\_%') AS set_here,
         (SELECT md5(string_agg(name || '=' || setting, ', ' ORDER BY name))
          FROM pg_settings
          WHERE NOT (name LIKE 'plpgsql.%' AND setting = boot_val)) AS settings,
         current_user || ' ' || session_user || ' ' || current_setting('role') AS roles,
         coalesce(current_setting('my.custom', true), '') AS custom_setting,
         (SELECT count(*) FROM pg_locks
          WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
         (SELECT count(*) FROM pg_listening_channels()) AS listening,
         (SELECT count(*) FROM pg_prepared_statements
          WHERE from_sql OR name NOT LIKE 'pgsluice\_%') AS prepared,
         (SELECT count(*) FROM pg_cursors WHERE name <> '') AS cursors,
         (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema())
           AS temporary_relations,
         (SELECT count(*) FROM pg_proc WHERE pronamespace = pg_my_temp_schema())
           AS temporary_functions,
         random()::text AS drawn)";
inline constexpr int kDrawn = 10;

// As the next caller, in a pool of one session. `seeded`: what random() draws there first
// after setseed(0.42); empty: not looked at.
inline std::string SessionSnapshot(GatewayClient& client, const std::string& seeded) {
  const Answer answer = client.Query(kSnapshot);
  if (!answer.ok()) return absl::StrCat("no snapshot: ", answer.failure.message);
  std::string text;
  for (int i = 0; i < kDrawn; ++i) {
    const v1::Value& cell = answer.at(0, i);
    absl::StrAppend(&text, answer.response.columns(i).name(), ": ", cell.text(),
                    cell.has_int64() ? absl::StrCat(cell.int64()) : "", "\n");
  }
  const bool is_seeded = !seeded.empty() && answer.at(0, kDrawn).text() == seeded;
  if (is_seeded) absl::StrAppend(&text, "random() was seeded by another caller\n");
  const Answer lastval = client.Query("SELECT lastval()");
  if (lastval.ok()) absl::StrAppend(&text, "lastval() is known\n");
  return text;
}

}  // namespace pgsluice::testing
