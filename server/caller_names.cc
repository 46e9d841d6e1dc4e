#include "server/caller_names.h"

#include <grpc/grpc_security_constants.h>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

#include "pool/error_caller.h"
#include "pool/str_cat.h"
#include "server/token_table.h"

namespace pgsluice {

namespace {

constexpr std::string_view kScheme = "Bearer ";

std::string_view ViewOf(const grpc::string_ref& text) {
  return {text.data(), text.size()};
}

absl::StatusOr<CallerIdentity> IdentityOfToken(std::string_view token,
                                               const CallerSecrets& secrets,
                                               absl::Time now, std::string& why) {
  // One text for all that may be wrong.
  const absl::Status stranger = Unauthenticated("its bearer token is not valid");
  if (HasJwtShape(token) && secrets.jwts.is_on()) {
    auto identity = secrets.jwts.IdentityOf(token, now);
    if (!identity.ok()) {
      why = std::string(identity.status().message());
      return stranger;
    }
    return CallerIdentity{.names = {(*identity)->name}, .token = *std::move(identity)};
  }
  std::optional<std::string> caller = secrets.tokens.CallerOf(token);
  if (!caller.has_value()) return stranger;
  return CallerIdentity{.names = {*std::move(caller)}};
}

}  // namespace

std::string_view BearerTokenOf(std::string_view header) {
  if (header.size() <= kScheme.size()) return {};
  if (!absl::EqualsIgnoreCase(ForAbsl(header.substr(0, kScheme.size())),
                              ForAbsl(kScheme))) {
    return {};
  }
  const absl::string_view token =
      absl::StripAsciiWhitespace(ForAbsl(header.substr(kScheme.size())));
  return {token.data(), token.size()};
}

absl::StatusOr<CallerIdentity> IdentityOf(const grpc::ServerContext& context,
                                          const CallerSecrets& secrets, absl::Time now,
                                          std::string& why) {
  const auto [begin, end] = context.client_metadata().equal_range("authorization");
  if (begin != end) {
    if (std::next(begin) != end) {
      return Unauthenticated("the call has several authorization headers");
    }
    const std::string_view token = BearerTokenOf(ViewOf(begin->second));
    if (token.empty()) {
      return Unauthenticated("its authorization header holds no bearer token");
    }
    return IdentityOfToken(token, secrets, now, why);
  }
  // They are there only of a certificate that has been verified.
  CallerIdentity identity;
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer != nullptr) {
    for (const grpc::string_ref& name :
         peer->FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME)) {
      if (IsCallerName(ViewOf(name))) identity.names.emplace_back(ViewOf(name));
    }
  }
  if (!identity.names.empty()) return identity;
  return Unauthenticated(
      "it has neither a bearer token nor a client certificate with an alternative name");
}

}  // namespace pgsluice
