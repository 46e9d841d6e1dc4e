#include "tests/testing/otlp_receiver.h"

#include <grpcpp/server_builder.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace pgsluice::testing {

namespace {

constexpr absl::Duration kLook = absl::Milliseconds(5);
constexpr absl::Duration kShutdownWithin = absl::Seconds(1);

}  // namespace

std::unique_ptr<OtlpReceiver> OtlpReceiver::Start(
    std::shared_ptr<grpc::ServerCredentials> credentials) {
  if (credentials == nullptr) credentials = grpc::InsecureServerCredentials();
  std::unique_ptr<OtlpReceiver> receiver(new OtlpReceiver());
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", credentials, &receiver->port_);
  builder.RegisterService(&receiver->door_);
  receiver->server_ = builder.BuildAndStart();
  if (receiver->server_ == nullptr || receiver->port_ == 0) return nullptr;
  return receiver;
}

OtlpReceiver::~OtlpReceiver() {
  Hang(false);
  if (server_ != nullptr) {
    server_->Shutdown(absl::ToChronoTime(absl::Now() + kShutdownWithin));
  }
}

std::string OtlpReceiver::endpoint() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

void OtlpReceiver::AnswerWith(grpc::Status status) {
  absl::MutexLock lock(&mutex_);
  answer_ = std::move(status);
}

void OtlpReceiver::Reject(int64_t spans) {
  absl::MutexLock lock(&mutex_);
  rejected_ = spans;
}

void OtlpReceiver::Hang(bool hangs) {
  absl::MutexLock lock(&mutex_);
  answers_ = !hangs;
}

void OtlpReceiver::Swallow() {
  absl::MutexLock lock(&mutex_);
  swallows_ = true;
}

size_t OtlpReceiver::taken() const {
  absl::MutexLock lock(&mutex_);
  return taken_;
}

size_t OtlpReceiver::requests() const {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

std::vector<OtlpSpan> OtlpReceiver::spans() const {
  absl::MutexLock lock(&mutex_);
  return spans_;
}

OtlpAttributes OtlpReceiver::resource() const {
  absl::MutexLock lock(&mutex_);
  return resource_;
}

std::string OtlpReceiver::header(const std::string& name) const {
  absl::MutexLock lock(&mutex_);
  const auto found = headers_.find(name);
  return found == headers_.end() ? "" : found->second;
}

grpc::Status OtlpReceiver::Take(const grpc::ServerContext& context,
                                const Request& request, Response& response) {
  absl::MutexLock lock(&mutex_);
  ++requests_;
  headers_.clear();
  for (const auto& [name, value] : context.client_metadata()) {
    headers_[std::string(name.data(), name.size())] =
        std::string(value.data(), value.size());
  }
  while (!answers_ && !context.IsCancelled()) {
    mutex_.AwaitWithTimeout(absl::Condition(&answers_), kLook);
  }
  if (!answer_.ok()) return answer_;
  if (context.IsCancelled()) return {grpc::StatusCode::CANCELLED, "it is gone"};
  for (const auto& of_one : request.resource_spans()) {
    resource_ = of_one.resource().attributes();
    for (const auto& scope : of_one.scope_spans()) {
      taken_ += static_cast<size_t>(scope.spans_size());
      if (swallows_) continue;
      spans_.insert(spans_.end(), scope.spans().begin(), scope.spans().end());
    }
  }
  if (rejected_ > 0) {
    response.mutable_partial_success()->set_rejected_spans(rejected_);
    response.mutable_partial_success()->set_error_message("not these");
  }
  return grpc::Status::OK;
}

std::string AttributeOf(const OtlpAttributes& attributes, std::string_view name) {
  for (const auto& attribute : attributes) {
    if (attribute.key() != name) continue;
    const auto& value = attribute.value();
    return value.has_int_value() ? std::to_string(value.int_value())
                                 : value.string_value();
  }
  return "";
}

std::string AttributeOf(const OtlpSpan& span, std::string_view name) {
  return AttributeOf(span.attributes(), name);
}

std::string HexText(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace pgsluice::testing
