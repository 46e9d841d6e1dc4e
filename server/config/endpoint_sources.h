// Endpoints from the environment, when neither file nor --set lists any.
#pragma once

#include "server/config/config_draft.h"
#include "server/config/environment.h"

namespace pgsluice {

// In this order, the first that is there: DATABASE_URL and DATABASE_REPLICA_URL(S); then
// POSTGRES_HOST and its like; then libpq's own variables, for which one endpoint is
// made that leaves the rest to libpq. Does nothing, but for a note, when there are
// endpoints.
void AddEndpointsFromEnvironment(const Environment& environment, ConfigDraft& draft);

}  // namespace pgsluice
