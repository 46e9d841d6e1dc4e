// Roles on the wire. Rules file.
#pragma once

#include "pgsluice/v1/health.pb.h"
#include "pool/endpoint.h"

namespace pgsluice {

v1::Role ToProto(Role role);

}  // namespace pgsluice
