#include "server/tracing/otlp_exporter.h"

#include <algorithm>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <utility>

#include "absl/time/clock.h"

#include "pool/str_cat.h"
#include "server/config/read_file.h"
#include "server/server_certificate.h"
#include "server/tracing/export_rules.h"

namespace pgsluice {

namespace {

// Between two lines about the same trouble.
constexpr absl::Duration kBetweenTroubles = absl::Minutes(1);
constexpr size_t kMaxTroubleBytes = 300;
// How long gRPC waits between two attempts to connect, at the most: a collector that is
// back shall be found soon.
constexpr int kMaxReconnectMs = 5000;

absl::Status Named(std::string_view setting, const absl::Status& error) {
  return absl::InvalidArgumentError(
      StrCat("tracing.", setting, ": ", std::string(error.message())));
}

absl::StatusOr<grpc::SslCredentialsOptions> ReadTls(const ExportOptions& options) {
  grpc::SslCredentialsOptions tls;
  if (!options.ca_file.empty()) {
    absl::StatusOr<std::string> roots = ReadFile(options.ca_file);
    if (!roots.ok()) return Named("ca_file", roots.status());
    tls.pem_root_certs = *std::move(roots);
  }
  if (options.cert_file.empty()) return tls;
  absl::StatusOr<std::string> chain = ReadFile(options.cert_file);
  if (!chain.ok()) return Named("cert_file", chain.status());
  absl::StatusOr<std::string> key = ReadSecretFile(options.key_file);
  if (!key.ok()) return Named("key_file", key.status());
  // gRPC would say nothing before the first request, and then no reason.
  const auto checked = CheckCertificate(
      {.chain = *std::move(chain), .key = *std::move(key), .client_cas = {}},
      absl::Now());
  if (!checked.ok()) return Named("cert_file", checked.status());
  tls.pem_cert_chain = checked->texts.chain;
  tls.pem_private_key = checked->texts.key;
  return tls;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeCollectorChannel(
    const ExportOptions& options) {
  std::shared_ptr<grpc::ChannelCredentials> credentials =
      grpc::InsecureChannelCredentials();
  if (options.address.has_tls) {
    const absl::StatusOr<grpc::SslCredentialsOptions> tls = ReadTls(options);
    if (!tls.ok()) return tls.status();
    credentials = grpc::SslCredentials(*tls);
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  return grpc::CreateCustomChannel(options.address.target, credentials, arguments);
}

OtlpExporter::OtlpExporter(OtlpExporterDeps deps)
    : deps_(std::move(deps)),
      stub_(opentelemetry::proto::collector::trace::v1::TraceService::NewStub(
          deps_.channel)),
      thread_([this] { Run(); }) {}

OtlpExporter::~OtlpExporter() {
  if (thread_.joinable()) Flush(absl::ZeroDuration());
}

void OtlpExporter::Flush(absl::Duration within) {
  deps_.queue->Close();
  {
    absl::MutexLock lock(&mutex_);
    end_ = absl::Now() + within;
    changed_.SignalAll();
    while (!is_done_ && !changed_.WaitWithDeadline(&mutex_, end_)) {
    }
    is_cut_ = true;
    changed_.SignalAll();
    // Under the lock, since the call goes when it has been answered.
    if (call_ != nullptr) call_->TryCancel();
  }
  thread_.join();
}

void OtlpExporter::Run() {
  while (true) {
    const SpanQueue::Batch batch = deps_.queue->Take();
    if (batch.empty()) break;
    Send(batch);
  }
  absl::MutexLock lock(&mutex_);
  is_done_ = true;
  changed_.SignalAll();
}

void OtlpExporter::Send(const SpanQueue::Batch& batch) {
  const Request request = ToOtlp(batch, deps_.origin, deps_.places());
  const absl::Time give_up_at = absl::Now() + deps_.options.give_up_after;
  for (int tries = 1;; ++tries) {
    Response response;
    const grpc::Status status = TryOnce(request, response);
    if (status.ok()) return TakeAnswer(response, CountSpans(batch));
    deps_.queue->CountFailedExport();
    Tell(StrCat("status ", static_cast<int>(status.error_code()), ": ",
                status.error_message()));
    const std::optional<absl::Time> next =
        NextTry({.code = status.error_code(),
                 .retry_delay = RetryDelayOf(status),
                 .tries = tries,
                 .now = absl::Now(),
                 .give_up_at = give_up_at,
                 .jitter = absl::Uniform(random_, 0.5, 1.0)});
    // At the end each batch has one try: nobody shall wait for a collector that is away.
    const bool is_last = end() != absl::InfiniteFuture();
    const bool goes_on = next.has_value() && !is_last;
    if (goes_on) {
      SleepUntil(*next);
      continue;
    }
    return deps_.queue->CountDropped(
        is_last ? SpanDrop::kShutdown : SpanDrop::kExportFailed, CountSpans(batch));
  }
}

grpc::Status OtlpExporter::TryOnce(const Request& request, Response& response) {
  grpc::ClientContext context;
  const absl::Time deadline = std::min(absl::Now() + deps_.options.timeout, end());
  context.set_deadline(absl::ToChronoTime(deadline));
  if (absl::Status added = AddHeaders(context); !added.ok()) {
    return {grpc::StatusCode::UNAVAILABLE, std::string(added.message())};
  }
  {
    absl::MutexLock lock(&mutex_);
    if (is_cut_) return {grpc::StatusCode::CANCELLED, "the gateway is shutting down"};
    call_ = &context;
  }
  const grpc::Status status = stub_->Export(&context, request, &response);
  absl::MutexLock lock(&mutex_);
  call_ = nullptr;
  return status;
}

absl::Status OtlpExporter::AddHeaders(grpc::ClientContext& context) const {
  NamedValues headers = deps_.options.headers;
  const std::string& file = deps_.options.headers_file;
  if (!file.empty()) {
    const absl::StatusOr<std::string> text = ReadSecretFile(file);
    absl::StatusOr<NamedValues> read = text.ok() ? ParseHeaders(*text) : text.status();
    if (!read.ok()) {
      return absl::UnavailableError(
          StrCat("tracing.headers_file: ", std::string(read.status().message())));
    }
    headers = *std::move(read);
  }
  for (const auto& [name, value] : headers) context.AddMetadata(name, value);
  return absl::OkStatus();
}

void OtlpExporter::TakeAnswer(const Response& response, size_t spans) {
  const auto& partial = response.partial_success();
  const auto rejected = static_cast<size_t>(
      std::clamp<int64_t>(partial.rejected_spans(), 0, static_cast<int64_t>(spans)));
  deps_.queue->CountExported(spans - rejected);
  deps_.queue->CountDropped(SpanDrop::kRejected, rejected);
  Tell(rejected == 0 ? ""
                     : StrCat("it rejects ", rejected, " of ", spans,
                              " spans: ", partial.error_message()));
}

void OtlpExporter::SleepUntil(absl::Time when) {
  absl::MutexLock lock(&mutex_);
  while (end_ == absl::InfiniteFuture() && absl::Now() < when) {
    changed_.WaitWithDeadline(&mutex_, when);
  }
}

absl::Time OtlpExporter::end() const {
  absl::MutexLock lock(&mutex_);
  return end_;
}

void OtlpExporter::Tell(std::string_view trouble) {
  const bool was_in_trouble = std::exchange(is_in_trouble_, !trouble.empty());
  const absl::Time now = absl::Now();
  if (trouble.empty()) {
    if (was_in_trouble) deps_.on_change("");
    return;
  }
  if (was_in_trouble && now < last_told_ + kBetweenTroubles) return;
  last_told_ = now;
  deps_.on_change(trouble.substr(0, kMaxTroubleBytes));
}

}  // namespace pgsluice
