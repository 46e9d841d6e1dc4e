// The tracing settings as the parts of tracing want them. Rules file.
#pragma once

#include <string>

#include "absl/time/time.h"

#include "pgsluice/config/v1/config.pb.h"
#include "server/config/tracing_checks.h"
#include "server/tracing/otlp_convert.h"
#include "server/tracing/sampler.h"
#include "server/tracing/span_queue.h"

namespace pgsluice {

struct ExportOptions {
  CollectorAddress address = {};
  std::string ca_file = {};  // Empty: the system's CAs.
  // What the gateway shows; both or none.
  std::string cert_file = {};
  std::string key_file = {};
  NamedValues headers = {};
  std::string headers_file = {};  // In their place, unless it is empty.
  absl::Duration timeout = absl::Seconds(10);
  absl::Duration give_up_after = absl::Seconds(30);
};

struct TracingOptions {
  Sampler sampler;
  SpanQueue::Options queue;
  ExportOptions exporter;
  SpanOrigin origin;
};

// Of settings that have been checked, and that trace calls. `instance`: tells this
// process from others of the service.
TracingOptions TracingOptionsOf(const config::v1::Tracing& tracing,
                                const std::string& version, const std::string& instance);

}  // namespace pgsluice
