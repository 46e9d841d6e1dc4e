#include "pool/session_event.h"

namespace pgsluice {

std::string_view SessionEventName(SessionEventKind kind) {
  switch (kind) {
    case SessionEventKind::kOpened: return "session opened";
    case SessionEventKind::kReset: return "session reset";
    case SessionEventKind::kPinged: return "session pinged";
    case SessionEventKind::kClosed: return "session closed";
  }
  return "";
}

}  // namespace pgsluice
