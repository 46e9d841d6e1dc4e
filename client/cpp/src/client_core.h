// What copies of a client and its open streams share.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

#include "client/cpp/src/retry_budget.h"
#include "pgsluice/client/options.h"
#include "pgsluice/v1/gateway_service.grpc.pb.h"

namespace pgsluice::client {

struct ClientCore {
  ClientOptions options;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::GatewayService::Stub> stub;
  std::unique_ptr<RetryBudget> retries;
};

void PrepareContext(const ClientCore& core, absl::Time deadline,
                    grpc::ClientContext& context);

// What a call may have left behind when its connection breaks.
enum class WhenBroken {
  kHarmless,        // A read.
  kRolledBack,      // A transaction before COMMIT.
  kOutcomeUnknown,  // A statement that may write, or COMMIT.
  kMayBeRepeated,   // A statement with an idempotency key.
};

// The failure of a call, with what the client itself knows where the gateway said
// nothing: a call that found no connection did not start.
absl::Status CallFailure(const grpc::Status& status, const grpc::ClientContext& context,
                         WhenBroken when_broken);

inline WhenBroken WhenBrokenFor(Intent intent) {
  return intent == Intent::kRead ? WhenBroken::kHarmless : WhenBroken::kOutcomeUnknown;
}

inline WhenBroken WhenBrokenFor(const QueryOptions& options) {
  return options.idempotency_key.has_value() ? WhenBroken::kMayBeRepeated
                                             : WhenBrokenFor(options.intent);
}

}  // namespace pgsluice::client
