// The messages of one StreamQuery call.
#pragma once

#include <memory>

#include "client/cpp/src/client_core.h"
#include "pgsluice/client/causal_context.h"
#include "pgsluice/client/row_stream.h"

namespace pgsluice::client {

class StreamQuerySource final : public RowSource {
 public:
  StreamQuerySource(std::shared_ptr<const ClientCore> core, Intent intent,
                    absl::Time deadline, const v1::StreamQueryRequest& request,
                    CausalContext* context);
  ~StreamQuerySource() override;

  // To be called once, first.
  absl::StatusOr<v1::StreamHeader> ReadHeader();
  absl::StatusOr<Part> Next() override;

 private:
  // The status the call ended with, or why it should have gone on.
  absl::Status Finish();

  const std::shared_ptr<const ClientCore> core_;  // Shared with the client.
  const Intent intent_;
  CausalContext* const calls_;  // May be null.
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::StreamQueryResponse>> reader_;
  bool is_finished_ = false;
};

}  // namespace pgsluice::client
