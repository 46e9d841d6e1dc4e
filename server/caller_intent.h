// Whether the caller may do what its call means to do; and what that is, for the audit.
#pragma once

#include "absl/status/status.h"

#include "pool/error_caller.h"
#include "server/call_base.h"
#include "server/call_environment.h"
#include "server/call_options.h"

namespace pgsluice {

inline absl::Status CheckIntent(const CallOptions& options, const CallLimits& limits,
                                const CallBase& call) {
  if (call.audit() != nullptr) {
    call.audit()->NoteIntent(options.route.intent == Intent::kRead ? "read" : "write");
  }
  if (!limits.read_only || options.route.intent == Intent::kRead) return absl::OkStatus();
  return NotPermitted(call.caller_name(), "write: its calls need intent READ");
}

}  // namespace pgsluice
