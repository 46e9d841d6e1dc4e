#include "server/fingerprint_cache.h"

#include <utility>

#include "pool/str_cat.h"
#include "server/sql_fingerprint.h"
#include "server/sql_normalizer.h"

namespace pgsluice {

uint64_t FingerprintCache::FingerprintOf(std::string_view sql) {
  if (const auto found = young_.find(ForAbsl(sql)); found != young_.end()) {
    return found->second;
  }
  const auto old = old_.find(ForAbsl(sql));
  const uint64_t fingerprint =
      old != old_.end() ? old->second : pgsluice::FingerprintOf(NormalizeSql(sql));
  if (sql.size() > max_text_bytes_ || max_young_ == 0) return fingerprint;
  if (old != old_.end()) old_.erase(old);
  if (young_.size() >= max_young_) {
    old_ = std::move(young_);
    young_ = Texts();
  }
  young_.emplace(std::string(sql), fingerprint);
  return fingerprint;
}

}  // namespace pgsluice
