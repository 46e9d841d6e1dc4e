#include "server/convert/role.h"

namespace pgsluice {

v1::Role ToProto(Role role) {
  switch (role) {
    case Role::kUnknown: return v1::ROLE_UNSPECIFIED;
    case Role::kPrimary: return v1::ROLE_PRIMARY;
    case Role::kReplica: return v1::ROLE_REPLICA;
  }
  return v1::ROLE_UNSPECIFIED;
}

}  // namespace pgsluice
