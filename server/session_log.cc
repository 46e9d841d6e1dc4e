#include "server/session_log.h"

#include "server/log.h"

namespace pgsluice {

void LogSessionEvent(const SessionEvent& event) {
  if (!IsLogged(LogLevel::kDebug)) return;
  const bool is_closed = event.kind == SessionEventKind::kClosed;
  Log(LogLevel::kDebug, SessionEventName(event.kind),
      {{"endpoint", event.endpoint},
       {"login", event.login},
       {"role", RoleName(event.role)},
       {"session", event.session},
       {"reason", is_closed ? CloseReasonName(event.reason) : ""},
       {"why", event.why}});
}

}  // namespace pgsluice
