// What the doctor knows of the gateway itself: its configuration, and the process's limit
// of files.
#pragma once

#include "pgsluice/config/v1/config.pb.h"
#include "pool/options.h"
#include "server/doctor/facts.h"

namespace pgsluice::doctor {

// `options` are those of `config`.
GatewayFacts GatewayFactsOf(const config::v1::Config& config,
                            const ClusterOptions& options);

}  // namespace pgsluice::doctor
