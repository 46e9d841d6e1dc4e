// What happens to one session in its pool, for whoever wants to log it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pool/endpoint.h"
#include "pool/session_lifecycle.h"

namespace pgsluice {

enum class SessionEventKind {
  kOpened,  // And initialised: its settings travel with the start-up packet.
  kReset,   // Made as new.
  kPinged,  // It answered while idle.
  kClosed,  // See the reason.
};

std::string_view SessionEventName(SessionEventKind kind);

struct SessionEvent {
  SessionEventKind kind = SessionEventKind::kOpened;
  std::string endpoint;
  std::string login = {};  // Its name; empty: the endpoint's own.
  Role role = Role::kUnknown;
  uint64_t session = 0;                       // Within its pool.
  CloseReason reason = CloseReason::kBroken;  // With kClosed.
  std::string why;  // With kClosed: the error, if there was one.
};

}  // namespace pgsluice
