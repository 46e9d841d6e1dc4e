#include "server/config/suggestion.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace pgsluice {

namespace {

// Insertions, deletions, replacements and swaps of neighbours; case does not count.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + cost});
      const bool is_swapped =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

std::string Nearest(std::string_view given, const std::vector<std::string>& known) {
  // A third of the letters may be wrong; beyond that a guess confuses more than it helps.
  size_t best_distance = std::max<size_t>(1, given.size() / 3) + 1;
  const std::string lower = absl::AsciiStrToLower({given.data(), given.size()});
  std::string best;
  for (const std::string& name : known) {
    const size_t distance = EditDistance(lower, absl::AsciiStrToLower(name));
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = name;
  }
  return best;
}

std::string DidYouMean(std::string_view given, const std::vector<std::string>& known) {
  const std::string nearest = Nearest(given, known);
  return nearest.empty() ? "" : " (did you mean \"" + nearest + "\"?)";
}

}  // namespace pgsluice
