// A token: what a write hands out so that a later read sees it, through whichever
// gateway. Rules file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pool/wal_position.h"

namespace pgsluice {

struct WriteToken {
  uint64_t system_identifier = 0;
  WalPosition position;  // Not before the commit.

  bool operator==(const WriteToken&) const = default;
};

inline constexpr size_t kTokenBytes = 24;

// Version, system identifier, timeline, LSN, checksum, the highest byte first: of two
// tokens of one cluster, the later one is also the greater string of bytes.
std::string EncodeToken(const WriteToken& token);
// Absent when `bytes` are no token.
std::optional<WriteToken> DecodeToken(std::string_view bytes);

}  // namespace pgsluice
