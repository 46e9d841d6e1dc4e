// A server's role as a message says it.
#pragma once

#include "pgsluice/v1/health.pb.h"
#include "pool/endpoint.h"

namespace pgsluice {

inline v1::Role RoleToProto(Role role) {
  switch (role) {
    case Role::kUnknown: return v1::ROLE_UNSPECIFIED;
    case Role::kPrimary: return v1::ROLE_PRIMARY;
    case Role::kReplica: return v1::ROLE_REPLICA;
  }
  return v1::ROLE_UNSPECIFIED;
}

}  // namespace pgsluice
