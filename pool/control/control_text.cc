#include "pool/control/control_text.h"

#include <algorithm>

#include "pool/str_cat.h"

namespace pgsluice {

// For libpq the last of equal keywords holds.
std::string WithControlOptions(const std::string& conninfo, absl::Duration timeout) {
  return StrCat(conninfo, " application_name='pgsluice control' connect_timeout=",
                std::max<int64_t>(2, absl::ToInt64Seconds(timeout)),
                " tcp_user_timeout=", absl::ToInt64Milliseconds(timeout),
                " options='-c statement_timeout=", absl::ToInt64Milliseconds(timeout),
                "'");
}

std::string OneLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace pgsluice
