// Rules between settings, which no single setting's range can say.
#pragma once

#include "server/config/config_draft.h"

namespace pgsluice {

// Wants defaults filled in. Skips rules on settings whose value was refused.
void CheckConfig(ConfigDraft& draft);

}  // namespace pgsluice
