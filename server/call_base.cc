#include "server/call_base.h"

#include <iterator>

#include "server/trace_context.h"

namespace pgsluice {

void CallBase::WriteAudit(const grpc::Status& status) {
  const auto [begin, end] = context_.client_metadata().equal_range("traceparent");
  std::string_view trace_id;
  if (begin != end && std::next(begin) == end) {
    trace_id = TraceIdOf({begin->second.data(), begin->second.size()});
  }
  audit_->Write({.name = caller_name_, .peer = context_.peer(), .trace_id = trace_id},
                static_cast<absl::StatusCode>(status.error_code()),
                absl::Now() - started_);
  audit_.reset();
}

}  // namespace pgsluice
