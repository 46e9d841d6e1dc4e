#include "server/metrics/sqlstate_class.h"

#include <algorithm>
#include <array>

namespace pgsluice {

namespace {

// In order.
constexpr std::array<std::string_view, kSqlstateClasses> kClasses = {
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F",   "0L",   "0P", "0Z",
    "10", "20", "21", "22", "23", "24", "25", "26", "27",   "28",   "2B", "2D",
    "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42",   "44",   "53", "54",
    "55", "57", "58", "72", "F0", "HV", "P0", "XX", "none", "other"};

}  // namespace

size_t SqlstateClassOf(std::string_view sqlstate) {
  if (sqlstate.empty()) return kNoSqlstate;
  if (sqlstate.size() != 5) return kOtherSqlstate;
  const std::string_view wanted = sqlstate.substr(0, 2);
  const auto end = kClasses.begin() + kNoSqlstate;
  const auto found = std::lower_bound(kClasses.begin(), end, wanted);
  if (found == end || *found != wanted) return kOtherSqlstate;
  return static_cast<size_t>(found - kClasses.begin());
}

std::string_view SqlstateClassName(size_t index) { return kClasses[index]; }

}  // namespace pgsluice
