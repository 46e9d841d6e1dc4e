// From the text of a statement to its fingerprint, so that a text that comes again is not
// read again. Bounded; texts are compared, not only their hashes. Rules file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace pgsluice {

class FingerprintCache final {
 public:
  // Holds at most `max_texts`, of at most `max_text_bytes` each; to read a longer one
  // again costs little beside sending it.
  FingerprintCache(size_t max_texts, size_t max_text_bytes)
      : max_young_(max_texts / 2), max_text_bytes_(max_text_bytes) {}

  uint64_t FingerprintOf(std::string_view sql);
  size_t size() const { return young_.size() + old_.size(); }

 private:
  using Texts = absl::flat_hash_map<std::string, uint64_t>;

  const size_t max_young_;
  const size_t max_text_bytes_;
  // A text that was asked for since the last change of generations is young; the old
  // ones go all together when there are too many young ones.
  Texts young_;
  Texts old_;
};

}  // namespace pgsluice
