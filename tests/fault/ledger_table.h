// The table of a ledger of unique names, as it is written by the gateway's callers and
// read by the test. It has no key, so that a write that is done twice shows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/testing/sql_connection.h"

namespace pgsluice::testing {

inline constexpr char kCreateLedger[] = "CREATE TABLE IF NOT EXISTS ledger (name text)";
inline constexpr char kReadLedger[] =
    "SELECT name, count(*) FROM ledger WHERE starts_with(name, $1) GROUP BY name";

// Names that break a promise; all are empty when it is kept.
struct LedgerFindings {
  std::vector<std::string> lost;        // Told committed, and not there.
  std::vector<std::string> duplicated;  // There more than once.
  std::vector<std::string> denied;      // Told not to be, and there.
  std::vector<std::string> unheard_of;  // There, and never sent.
};

// Rows of kReadLedger.
inline std::map<std::string, int> LedgerOf(const std::vector<SqlRow>& rows) {
  std::map<std::string, int> written;
  for (const SqlRow& row : rows) {
    written[row[0].value_or("")] = std::stoi(row[1].value_or("0"));
  }
  return written;
}

}  // namespace pgsluice::testing
