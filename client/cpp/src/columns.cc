#include "pgsluice/client/columns.h"

#include <optional>
#include <string>

namespace pgsluice::client {

absl::StatusOr<size_t> Columns::Find(std::string_view name) const {
  std::optional<size_t> found;
  std::string names;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!names.empty()) names += ", ";
    names += columns_[i].name();
    if (columns_[i].name() != name) continue;
    if (found.has_value()) {
      return absl::InvalidArgumentError(
          "several columns are named \"" + std::string(name) +
          "\": read by position or name them apart with AS");
    }
    found = i;
  }
  if (found.has_value()) return *found;
  return absl::NotFoundError("the result has no column \"" + std::string(name) +
                             "\"; it has: " + names);
}

}  // namespace pgsluice::client
