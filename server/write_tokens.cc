#include "server/write_tokens.h"

#include "absl/strings/numbers.h"

#include "pool/write_token.h"

namespace pgsluice {

std::string TokenOf(const CallEnvironment& environment,
                    const std::optional<WalPosition>& position) {
  if (!position.has_value()) return "";
  WriteToken token{.position = *position};
  const bool is_known =
      absl::SimpleAtoi(environment.cluster.SystemIdentifier(), &token.system_identifier);
  return is_known ? EncodeToken(token) : "";
}

}  // namespace pgsluice
