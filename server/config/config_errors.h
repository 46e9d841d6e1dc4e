// What is wrong with a configuration: all of it, so that one run of --check-config is
// enough.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace pgsluice {

class ConfigErrors final {
 public:
  // `where`: "pgsluice.yaml:12:5", a variable or "--set"; empty when nowhere in
  // particular.
  void Add(std::string_view where, std::string_view what);

  size_t count() const { return lines_.size(); }
  const std::vector<std::string>& lines() const { return lines_; }
  // OK when there are none; else InvalidArgument, one error a line.
  absl::Status ToStatus() const;

 private:
  std::vector<std::string> lines_;
};

// What a person wrote, fit to be quoted in an error: `text` in double quotes when it
// looks like a name, else empty. Anything else may be a password in the wrong place.
std::string QuotedName(std::string_view text);

}  // namespace pgsluice
