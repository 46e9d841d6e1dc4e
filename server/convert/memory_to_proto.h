// What the gateway remembers of an endpoint, on the wire. Rules file.
#pragma once

#include "pgsluice/v1/pool_monitor.pb.h"
#include "pool/endpoint_monitor.h"

namespace pgsluice {

v1::EndpointMonitor ToProto(const EndpointMemory& memory);
v1::Sample ToProto(const Sample& sample);
v1::SampleSummary ToProto(const SampleSummary& summary);
v1::Alert ToProto(const Alert& alert);
v1::AlertTransition ToProto(const AlertTransition& transition);

}  // namespace pgsluice
