// Any text as a statement: classified, judged, normalised and fingerprinted.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "pool/state_risk.h"
#include "pool/statement_kind.h"
#include "server/sql_fingerprint.h"
#include "server/sql_normalizer.h"

namespace pgsluice {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void TryStatement(std::string_view sql) {
  const StatementKind kind = ClassifyStatement(sql);
  // White space before a statement changes nothing.
  Require(ClassifyStatement(" /* c */ -- c\n" + std::string(sql)) == kind);
  (void)JudgeStateRisk(kind, sql);

  const std::string normalized = NormalizeSql(sql);
  (void)FingerprintOf(normalized);
  constexpr size_t kShort = 40;
  (void)NormalizeSql(sql, kShort);
}

}  // namespace
}  // namespace pgsluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pgsluice::TryStatement({reinterpret_cast<const char*>(data), size});
  return 0;
}
