// One debug line for each event of a session.
#pragma once

#include "pool/session_event.h"

namespace pgsluice {

void LogSessionEvent(const SessionEvent& event);

}  // namespace pgsluice
