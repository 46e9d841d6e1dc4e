// One Transaction stream, request by request: send, read the answer.
#pragma once

#include <grpcpp/client_context.h>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "pgsluice/v1/transaction.pb.h"
#include "tests/testing/gateway_client.h"

namespace pgsluice::testing {

class TransactionStream final {
 public:
  explicit TransactionStream(GatewayClient& client, absl::Duration limit = kCallLimit);
  // Cancels it, unless it was finished.
  ~TransactionStream();

  bool Send(v1::TransactionRequest request);
  // Absent once the stream is over; see Finish.
  std::optional<v1::TransactionResponse> Receive();
  // Send and Receive; an empty response when the stream is over.
  v1::TransactionResponse Ask(v1::TransactionRequest request);

  v1::TransactionResponse Begin(const v1::Begin& begin = {});
  v1::TransactionResponse Execute(std::string_view sql,
                                  std::vector<v1::Value> parameters = {});
  v1::TransactionResponse Savepoint(std::string_view name);
  v1::TransactionResponse RollbackTo(std::string_view name);
  v1::TransactionResponse Release(std::string_view name);
  v1::TransactionResponse Commit();
  v1::TransactionResponse Rollback();

  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }
  // Reads what is left and returns the status of the stream.
  Failure Finish();

 private:
  grpc::ClientContext context_;
  std::unique_ptr<
      grpc::ClientReaderWriter<v1::TransactionRequest, v1::TransactionResponse>>
      stream_;
  uint64_t last_seq_ = 0;
  bool is_finished_ = false;
};

v1::TransactionRequest MakeExecute(std::string_view sql,
                                   std::vector<v1::Value> parameters = {});
v1::Begin BeginReadOnly();

}  // namespace pgsluice::testing
