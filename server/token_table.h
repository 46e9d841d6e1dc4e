// Bearer tokens and whose they are, by the hashes of the tokens. Rules file.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pgsluice {

class TokenTable final {
 public:
  TokenTable() = default;
  // One token a line: SHA-256 in hexadecimal, white space, the caller's name, which
  // sha256sum may have marked with a "*". Empty lines, and those that begin with "#",
  // say nothing. The error names the line and what is wrong, never what it holds.
  static absl::StatusOr<TokenTable> Parse(std::string_view text);

  // Absent: not a token that is known. How long it takes says nothing of any token.
  std::optional<std::string> CallerOf(std::string_view token) const;
  size_t size() const { return names_.size(); }

  bool operator==(const TokenTable&) const = default;

 private:
  using Digest = std::array<unsigned char, 32>;

  std::map<Digest, std::string> names_;
};

// Whether a caller may be called so: letters, digits and ._:-/@|+, not only "-", at most
// 256 bytes.
bool IsCallerName(std::string_view name);

}  // namespace pgsluice
