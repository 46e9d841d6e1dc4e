#include "pool/endpoint.h"

namespace pgsluice {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kUnknown: return "unknown";
    case Role::kPrimary: return "primary";
    case Role::kReplica: return "replica";
  }
  return "unknown";
}

std::string LabelOf(const Endpoint& endpoint) {
  return SessionsLabel(endpoint.name,
                       endpoint.login.has_value() ? endpoint.login->name : "");
}

}  // namespace pgsluice
