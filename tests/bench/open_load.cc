#include "tests/bench/open_load.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "pgsluice/v1/gateway_service.grpc.pb.h"

namespace pgsluice::bench {
namespace {

constexpr int kChannels = 4;

struct OpenCall {
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::QueryResponse>> reader;
  v1::QueryResponse response;
  grpc::Status status;
  absl::Time begun;
};

class OpenLoad final {
 public:
  explicit OpenLoad(const OpenLoadSettings& settings) : settings_(settings) {
    for (int i = 0; i < kChannels; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
      // A rejection is to be seen, not to be tried again.
      arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
      stubs_.push_back(v1::GatewayService::NewStub(
          grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", settings.port),
                                    grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  OpenLoadResult Run() {
    const absl::Time begun = absl::Now();
    const absl::Time end = begun + settings_.duration;
    const absl::Duration pace = absl::Seconds(1 / settings_.per_second);
    for (int64_t i = 0; absl::Now() < end; ++i) {
      const absl::Time due = begun + pace * i;
      TakeUntil(due);
      Begin(*stubs_[i % stubs_.size()]);
    }
    end_ = absl::Now();
    while (open_ > 0) TakeUntil(absl::InfiniteFuture());
    queue_.Shutdown();
    return std::move(result_);
  }

 private:
  void Begin(v1::GatewayService::Stub& stub) {
    auto* call = new OpenCall;
    call->begun = absl::Now();
    call->context.set_deadline(absl::ToChronoTime(call->begun + settings_.deadline));
    call->reader = stub.AsyncQuery(&call->context, settings_.request, &queue_);
    call->reader->Finish(&call->response, &call->status, call);
    ++open_;
  }

  // Takes answers until `due`; one at least if that is never.
  void TakeUntil(absl::Time due) {
    void* tag = nullptr;
    bool is_ok = false;
    while (open_ > 0) {
      const auto next = queue_.AsyncNext(&tag, &is_ok, absl::ToChronoTime(due));
      if (next != grpc::CompletionQueue::GOT_EVENT) return;
      End(std::unique_ptr<OpenCall>(static_cast<OpenCall*>(tag)));
    }
    if (due != absl::InfiniteFuture()) absl::SleepFor(due - absl::Now());
  }

  void End(std::unique_ptr<OpenCall> call) {
    --open_;
    const absl::Time now = absl::Now();
    if (now > end_) return;
    const double took = absl::ToDoubleMilliseconds(now - call->begun);
    switch (call->status.error_code()) {
      case grpc::StatusCode::OK: result_.served.push_back(took); break;
      case grpc::StatusCode::RESOURCE_EXHAUSTED: result_.rejected.push_back(took); break;
      default: ++result_.failed; result_.failure = call->status.error_message();
    }
  }

  const OpenLoadSettings settings_;
  std::vector<std::unique_ptr<v1::GatewayService::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  size_t open_ = 0;
  absl::Time end_ = absl::InfiniteFuture();
  OpenLoadResult result_;
};

}  // namespace

absl::StatusOr<OpenLoadResult> RunOpenLoad(const OpenLoadSettings& settings) {
  if (settings.per_second <= 0) return absl::InvalidArgumentError("no rate");
  return OpenLoad(settings).Run();
}

}  // namespace pgsluice::bench
