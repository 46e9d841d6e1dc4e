#include "pgsluice/client.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

#include "client/cpp/src/client_core.h"
#include "client/cpp/src/request.h"
#include "client/cpp/src/retry.h"
#include "client/cpp/src/status_details.h"
#include "client/cpp/src/stream_query_source.h"
#include "client/cpp/src/transaction_stream.h"
#include "service_config.h"

namespace pgsluice::client {
namespace {

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target,
                                           const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(options.health_watch == HealthWatch::kOn
                                     ? kServiceConfig
                                     : kServiceConfigWithoutHealthWatch);
  // Ours only: what a name server may say of retries must not override it.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetMaxReceiveMessageSize(options.max_response_bytes);
  if (options.max_reconnect_delay != absl::InfiniteDuration()) {
    const int64_t delay_ms = absl::ToInt64Milliseconds(options.max_reconnect_delay);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                     static_cast<int>(std::min<int64_t>(delay_ms, 1000)));
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, static_cast<int>(delay_ms));
  }
  if (options.keepalive != absl::InfiniteDuration()) {
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                     static_cast<int>(absl::ToInt64Milliseconds(options.keepalive)));
  }
  return grpc::CreateCustomChannel(target,
                                   options.credentials != nullptr
                                       ? options.credentials
                                       : grpc::InsecureChannelCredentials(),
                                   arguments);
}

absl::Time DeadlineAfter(absl::Duration timeout) { return absl::Now() + timeout; }

// Runs `try_once` until it succeeds or may not be run again.
template <typename Result, typename TryOnce>
absl::StatusOr<Result> WithRetries(const ClientCore& core, Intent intent,
                                   absl::Time deadline, const TryOnce& try_once) {
  core.retries->OnFirstAttempt();
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<Result> result = try_once();
    if (result.ok()) return result;
    std::optional<absl::Duration> delay = RetryCallAfter(
        result.status(), {intent, attempt, core.options.max_attempts, RandomJitter()});
    if (!delay.has_value() || !core.retries->TakeRetry()) return result;
    if (!SleepBefore(*delay, deadline)) return result;
  }
}

}  // namespace

Client Client::Connect(const std::string& target, ClientOptions options) {
  std::shared_ptr<grpc::Channel> channel = MakeChannel(target, options);
  return Client(std::move(channel), std::move(options));
}

Client::Client(std::shared_ptr<grpc::Channel> channel, ClientOptions options) {
  auto core = std::make_shared<ClientCore>();
  core->stub = v1::GatewayService::NewStub(channel);
  core->channel = std::move(channel);
  core->options = std::move(options);
  core->retries = std::make_unique<RetryBudget>(core->options.retry_budget,
                                                core->options.retry_reserve);
  core_ = std::move(core);
}

absl::StatusOr<ResultSet> Client::Query(Statement statement,
                                        std::vector<Parameter> parameters,
                                        const QueryOptions& options) const {
  v1::QueryRequest request;
  *request.mutable_statement() = MakeStatement(statement, std::move(parameters));
  *request.mutable_options() = MakeRequestOptions(statement, options);
  request.set_encoding(options.encoding);
  const absl::Time deadline =
      DeadlineAfter(options.timeout.value_or(core_->options.default_timeout));
  return WithRetries<ResultSet>(
      *core_, options.intent, deadline, [&]() -> absl::StatusOr<ResultSet> {
        grpc::ClientContext context;
        PrepareContext(*core_, deadline, context);
        v1::QueryResponse response;
        const grpc::Status status = core_->stub->Query(&context, request, &response);
        if (!status.ok()) {
          return CallFailure(status, context, WhenBrokenFor(options));
        }
        NoteToken(options.context, response.token());
        return ResultSet::FromResponse(std::move(response));
      });
}

absl::StatusOr<RowStream> Client::StreamQuery(Statement statement,
                                              std::vector<Parameter> parameters,
                                              const QueryOptions& options) const {
  v1::StreamQueryRequest request;
  *request.mutable_statement() = MakeStatement(statement, std::move(parameters));
  *request.mutable_options() = MakeRequestOptions(statement, options);
  request.set_encoding(options.encoding);
  const absl::Time deadline = options.timeout.has_value()
                                  ? DeadlineAfter(*options.timeout)
                                  : absl::InfiniteFuture();
  return WithRetries<RowStream>(
      *core_, options.intent, deadline, [&]() -> absl::StatusOr<RowStream> {
        auto source = std::make_unique<StreamQuerySource>(core_, options.intent, deadline,
                                                          request, options.context);
        absl::StatusOr<v1::StreamHeader> header = source->ReadHeader();
        if (!header.ok()) return header.status();
        auto columns = std::make_shared<const Columns>(header->columns());
        return RowStream(std::move(columns), std::move(*header->mutable_route()),
                         std::move(source));
      });
}

absl::StatusOr<Transaction> Client::Begin(const TransactionOptions& options) const {
  const absl::Time deadline = options.timeout.has_value()
                                  ? DeadlineAfter(*options.timeout)
                                  : absl::InfiniteFuture();
  v1::TransactionRequest request;
  *request.mutable_begin() = MakeBegin(options);
  return WithRetries<Transaction>(
      *core_, options.intent, deadline, [&]() -> absl::StatusOr<Transaction> {
        auto stream = std::make_unique<TransactionStream>(core_, deadline);
        stream->set_context(options.context);
        absl::StatusOr<v1::TransactionResponse> response = stream->Call(request);
        if (!response.ok()) return response.status();
        if (!response->has_begun()) {
          return absl::InternalError("the gateway answered begin with something else");
        }
        stream->set_route(std::move(*response->mutable_begun()->mutable_route()));
        return Transaction(std::move(stream));
      });
}

absl::StatusOr<ResultSet> Client::ExecuteInTransaction(
    Statement statement, std::vector<Parameter> parameters,
    const TransactionOptions& options) const {
  std::optional<ResultSet> result;
  absl::Status done = RunInTransaction(
      [&](Transaction& transaction) {
        absl::StatusOr<ResultSet> executed =
            transaction.ExecuteAndCommit(statement, parameters);
        if (executed.ok()) result = *std::move(executed);
        return executed.status();
      },
      options);
  if (!done.ok()) return done;
  return *std::move(result);
}

absl::Status Client::RunInTransaction(
    const std::function<absl::Status(Transaction&)>& body,
    const TransactionOptions& options) const {
  const absl::Time deadline = options.timeout.has_value()
                                  ? DeadlineAfter(*options.timeout)
                                  : absl::InfiniteFuture();
  core_->retries->OnFirstAttempt();
  for (int attempt = 1;; ++attempt) {
    // BEGIN goes with the first statement.
    auto stream =
        std::make_unique<TransactionStream>(core_, deadline, MakeBegin(options));
    stream->set_context(options.context);
    Transaction transaction(std::move(stream));
    absl::Status outcome = body(transaction);
    if (outcome.ok()) outcome = transaction.Commit();
    if (outcome.ok()) return outcome;
    std::optional<absl::Duration> delay = RetryTransactionAfter(
        outcome, {options.intent, attempt, core_->options.max_attempts, RandomJitter()});
    if (!delay.has_value() || !core_->retries->TakeRetry()) return outcome;
    if (!SleepBefore(*delay, deadline)) return outcome;
  }
}

absl::StatusOr<v1::HealthResponse> Client::Health(absl::Duration timeout) const {
  grpc::ClientContext context;
  PrepareContext(*core_, DeadlineAfter(timeout), context);
  v1::HealthResponse response;
  const grpc::Status status = core_->stub->Health(&context, {}, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

absl::StatusOr<v1::PoolStatsResponse> Client::PoolStats(absl::Duration timeout,
                                                        uint32_t history) const {
  grpc::ClientContext context;
  PrepareContext(*core_, DeadlineAfter(timeout), context);
  v1::PoolStatsRequest request;
  request.set_history(history);
  v1::PoolStatsResponse response;
  const grpc::Status status = core_->stub->PoolStats(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

absl::StatusOr<v1::TopStatementsResponse> Client::TopStatements(
    const v1::TopStatementsRequest& request, absl::Duration timeout) const {
  grpc::ClientContext context;
  PrepareContext(*core_, DeadlineAfter(timeout), context);
  v1::TopStatementsResponse response;
  const grpc::Status status = core_->stub->TopStatements(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

absl::StatusOr<v1::ExplainRouteResponse> Client::ExplainRoute(
    const v1::RequestOptions& options, absl::Duration timeout) const {
  grpc::ClientContext context;
  PrepareContext(*core_, DeadlineAfter(timeout), context);
  v1::ExplainRouteRequest request;
  *request.mutable_options() = options;
  v1::ExplainRouteResponse response;
  const grpc::Status status = core_->stub->ExplainRoute(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

PoolStatsStream Client::WatchPoolStats(const WatchOptions& options) const {
  return PoolStatsStream(core_, options);
}

const std::shared_ptr<grpc::Channel>& Client::channel() const { return core_->channel; }

}  // namespace pgsluice::client
