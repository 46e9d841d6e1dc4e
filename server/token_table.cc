#include "server/token_table.h"

#include <algorithm>
#include <openssl/sha.h>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

constexpr size_t kLongestName = 256;
constexpr size_t kHexDigits = 2 * SHA256_DIGEST_LENGTH;

absl::Status Wrong(size_t line, std::string_view what) {
  return absl::InvalidArgumentError(StrCat("line ", line, ": ", what));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

bool IsCallerName(std::string_view name) {
  const auto is_plain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("._:-/@|+").find(c) != std::string_view::npos;
  };
  return !name.empty() && name != "-" && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(), is_plain);
}

absl::StatusOr<TokenTable> TokenTable::Parse(std::string_view text) {
  TokenTable table;
  size_t number = 0;
  const std::vector<std::string> lines = absl::StrSplit(std::string(text), '\n');
  for (const std::string& line : lines) {
    ++number;
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty() || words[0].front() == '#') continue;
    if (words.size() != 2) {
      return Wrong(number, "expected the SHA-256 of a token and the name of a caller");
    }
    if (words[0].size() != kHexDigits) {
      return Wrong(number, "the hash has not the 64 hexadecimal digits of a SHA-256");
    }
    Digest digest{};
    for (size_t i = 0; i < kHexDigits; ++i) {
      const int digit = HexDigit(words[0][i]);
      if (digit < 0) return Wrong(number, "the hash holds what is no hexadecimal digit");
      digest[i / 2] = static_cast<unsigned char>(digest[i / 2] * 16 + digit);
    }
    const std::string name = words[1].substr(words[1].front() == '*' ? 1 : 0);
    if (!IsCallerName(name)) {
      return Wrong(number, "the name may hold letters, digits and ._:-/@|+ only");
    }
    const auto [found, is_new] = table.names_.emplace(digest, name);
    if (!is_new && found->second != name) {
      return Wrong(number, "the same token has another name in a line above");
    }
  }
  return table;
}

// Compared are hashes, and who calls cannot choose those: what the order of the search
// shows of one leads to no token.
std::optional<std::string> TokenTable::CallerOf(std::string_view token) const {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
         digest.data());
  const auto found = names_.find(digest);
  if (found == names_.end()) return std::nullopt;
  return found->second;
}

}  // namespace pgsluice
