#include "server/call_base.h"

#include "server/call_trace.h"

namespace pgsluice {

void CallBase::WriteAudit(const grpc::Status& status) {
  const TraceNames trace = TraceNamesOf(*this);
  audit_->Write(
      {.name = caller_name_, .peer = context_.peer(), .trace_id = trace.trace_id},
      static_cast<absl::StatusCode>(status.error_code()), absl::Now() - started_);
  audit_.reset();
}

}  // namespace pgsluice
