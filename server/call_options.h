// RequestOptions of a call, checked and turned into pool terms. Rules file.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "pgsluice/v1/query.pb.h"
#include "pool/error.h"
#include "pool/options.h"
#include "pool/router.h"
#include "server/convert/row_encoder.h"

namespace pgsluice {

struct CallOptions {
  RouteRequest route;
  ResultLimits result;               // Never above the server's.
  absl::Duration statement_timeout;  // Zero: none of its own.
  std::string tag;                   // Sanitised.
  bool wants_report = false;
  bool resolves_commit = false;                     // Of a single statement, on request.
  std::optional<std::string> idempotency_key = {};  // With intent write only.

  Phase phase() const {
    return route.intent == Intent::kRead ? Phase::kRead : Phase::kAutocommit;
  }
};

// `if_unset`: the intent of a call that names none.
absl::StatusOr<CallOptions> CallOptionsFromProto(const v1::RequestOptions& proto,
                                                 const ResultLimits& server_limits,
                                                 ReadFallback fallback,
                                                 Intent if_unset = Intent::kWrite);

// For calls that cannot keep a key; `instead` says which can. OK without a key.
absl::Status RefuseKey(const CallOptions& options, std::string_view instead);

// Letters, digits and ._:/- stay, everything else becomes "_"; cut to 64 bytes.
std::string SanitizeTag(std::string_view tag);

}  // namespace pgsluice
