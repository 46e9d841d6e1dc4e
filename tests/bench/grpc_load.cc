#include "tests/bench/grpc_load.h"

#include <algorithm>
#include <atomic>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <optional>
#include <random>
#include <thread>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "pgsluice/v1/gateway_service.grpc.pb.h"
#include "tests/bench/cpu_meter.h"

namespace pgsluice::bench {
namespace {

constexpr int kMaxChannels = 4;
// A deadline as real callers send one; a call that reaches it is a failure.
constexpr absl::Duration kCallLimit = absl::Seconds(10);

struct PendingCall {
  v1::GatewayService::Stub* stub = nullptr;
  v1::QueryRequest request;
  std::optional<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::QueryResponse>> reader;
  v1::QueryResponse response;
  grpc::Status status;
  absl::Time begun;
};

struct EndedCall {
  absl::Time ended;
  absl::Duration took;
};

std::string WhatIsWrong(const PendingCall& call) {
  if (!call.status.ok()) return call.status.error_message();
  const v1::QueryResponse& response = call.response;
  const bool has_shape = response.columns_size() == 1 && response.row_count() == 1 &&
                         response.rows_size() == 1 && response.rows(0).values_size() == 1;
  if (!has_shape) return "not one row of one column: " + response.ShortDebugString();
  const v1::Value& value = response.rows(0).values(0);
  const bool is_right = value.kind_case() == v1::Value::kInt64 && value.int64() == 0;
  return is_right ? "" : "not 0: " + value.ShortDebugString();
}

class GrpcLoad final : public Load {
 public:
  GrpcLoad(int port, int in_flight, Metadata metadata)
      : metadata_(std::move(metadata)), calls_(in_flight) {
    for (int i = 0; i < std::min(in_flight, kMaxChannels); ++i) {
      grpc::ChannelArguments arguments;
      // A connection of its own for each channel.
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
      stubs_.push_back(v1::GatewayService::NewStub(
          grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                    grpc::InsecureChannelCredentials(), arguments)));
    }
    thread_ = std::thread([this] { Run(); });
  }
  ~GrpcLoad() override { Stop(); }

  double client_cpu() const override { return ProcessCpu(getpid()); }

  absl::StatusOr<std::vector<double>> Finish(Window window) override {
    Stop();
    if (!failure_.empty()) return absl::InternalError("wrong answer: " + failure_);
    std::vector<double> latencies;
    for (const EndedCall& call : ended_) {
      if (call.ended >= window.begin && call.ended < window.end) {
        latencies.push_back(absl::ToDoubleMilliseconds(call.took));
      }
    }
    return latencies;
  }

 private:
  void Run() {
    for (size_t i = 0; i < calls_.size(); ++i) {
      calls_[i].stub = stubs_[i % stubs_.size()].get();
      calls_[i].request.mutable_statement()->set_sql(kAccountSql);
      calls_[i].request.mutable_statement()->add_parameters();
      Begin(calls_[i]);
    }
    size_t open = calls_.size();
    void* tag = nullptr;
    bool is_ok = false;
    while (open > 0 && queue_.Next(&tag, &is_ok)) {
      PendingCall& call = *static_cast<PendingCall*>(tag);
      End(call);
      if (is_stopping_ || !failure_.empty()) {
        --open;
      } else {
        Begin(call);
      }
    }
    queue_.Shutdown();
    while (queue_.Next(&tag, &is_ok)) {
    }
  }

  void Begin(PendingCall& call) {
    call.context.emplace();
    call.response.Clear();
    call.request.mutable_statement()->mutable_parameters(0)->set_int64(account_(random_));
    call.begun = absl::Now();
    for (const auto& [name, value] : metadata_) call.context->AddMetadata(name, value);
    call.context->set_deadline(absl::ToChronoTime(call.begun + kCallLimit));
    call.reader = call.stub->AsyncQuery(&*call.context, call.request, &queue_);
    call.reader->Finish(&call.response, &call.status, &call);
  }

  void End(PendingCall& call) {
    const absl::Time now = absl::Now();
    ended_.push_back({.ended = now, .took = now - call.begun});
    if (failure_.empty()) failure_ = WhatIsWrong(call);
  }

  void Stop() {
    is_stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  const Metadata metadata_;
  std::atomic<bool> is_stopping_ = false;

  // The thread's; after Stop anybody's.
  std::vector<std::unique_ptr<v1::GatewayService::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  std::vector<PendingCall> calls_;
  std::vector<EndedCall> ended_;
  std::string failure_;
  std::minstd_rand random_{42};
  std::uniform_int_distribution<int> account_{1, kAccounts};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Load> StartGrpcLoad(int port, int in_flight, Metadata metadata) {
  return std::make_unique<GrpcLoad>(port, in_flight, std::move(metadata));
}

}  // namespace pgsluice::bench
