// Any bytes where the gateway reads small texts of others: timeline histories, LSNs,
// variables, trace headers, addresses of collectors, connection strings, UTF-8, JSON,
// tokens and their keys.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "absl/time/clock.h"

#include "pool/commit_outcome.h"
#include "server/base64url.h"
#include "server/config/connection_string.h"
#include "server/config/tracing_checks.h"
#include "server/config/variables.h"
#include "server/convert/utf8.h"
#include "server/json_object.h"
#include "server/jwt.h"
#include "server/tracing/trace_context.h"

namespace pgsluice {
namespace {

void TryText(const std::string& text) {
  (void)SwitchPointOf(text, 1);
  (void)ParseLsn(text);
  (void)ExpandVariables(text, {{"A", "b"}});
  const std::optional<TraceParent> trace = ParseTraceParent(text);
  // 00-<trace id>-...
  if (trace.has_value() && HexOf(trace->trace_id) != text.substr(3, 32)) std::abort();
  (void)IsTraceState(text);
  (void)ParseCollectorAddress(text);
  (void)ParseHeaders(text);
  constexpr size_t kShort = 16;
  (void)JsonObject::Parse(text);
  (void)ParseJsonArray(text);
  (void)DecodeBase64Url(text);
  (void)JwtKeySet::Parse(text);
  // Nobody has signed it.
  if (VerifyJwt(text, {}, {}, absl::Now()).ok()) std::abort();
  if (CutUtf8(text, kShort).size() > kShort) std::abort();
  const absl::StatusOr<ConnectionString> conninfo = ConnectionString::Parse(text);
  if (!conninfo.ok()) return;
  // Written anew it means the same.
  const absl::StatusOr<ConnectionString> again =
      ConnectionString::Parse(conninfo->Text());
  if (!again.ok() || again->Text() != conninfo->Text()) std::abort();
  (void)conninfo->SplitHosts();
  (void)conninfo->RedactedText();
}

}  // namespace
}  // namespace pgsluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pgsluice::TryText(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
