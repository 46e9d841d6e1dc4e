// What a call wants of an endpoint, and how busy endpoints are. Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pool/freshness.h"
#include "pool/options.h"
#include "pool/wait_queue.h"

namespace pgsluice {

enum class Intent { kWrite, kRead };

// How busy an endpoint is.
struct LoadView {
  size_t in_flight = 0;
  bool is_paused = false;  // Used only when every other one is, too.
  bool is_stale = false;   // Not fresh enough for this very read.
  // Though probes do not reach it, its pool does: it has answered just now.
  bool is_answering = false;
};

struct RouteRequest {
  Intent intent = Intent::kWrite;
  Freshness freshness;
  ReadFallback fallback = ReadFallback::kPrimary;
  // Name of the endpoint where a read has failed already; empty: none. It is used again
  // only when no other may serve the read. Must outlive the routing.
  std::string_view avoid = {};
  // Not where it goes, but how it queues there.
  LeaseKind kind = LeaseKind::kStatement;
  Caller caller = {};
  // Name of the login whose sessions are to serve it; empty: the endpoints' own. Must
  // outlive the routing.
  std::string_view login = {};
  // When the replicas that may serve it are all stale. kDefault: as kWait.
  IfUnmet if_unmet = IfUnmet::kDefault;
  // Whether the caller is to be told what was known of the endpoint.
  bool wants_sight = false;
};

}  // namespace pgsluice
