#include "server/stream_query_call.h"

#include "server/admitted_statement.h"
#include "server/convert/result_to_proto.h"
#include "server/convert/row_encoder.h"
#include "server/stall_guard.h"
#include "server/statement_run.h"
#include "server/why_in_transaction.h"
#include "server/write_tokens.h"

namespace pgsluice {

namespace {

class QueryStream final {
 public:
  QueryStream(StreamQueryCall& call, const CallEnvironment& environment,
              const CallOptions& options, const StatementTerms& terms, StatementRun& run)
      : call_(call),
        environment_(environment),
        options_(options),
        run_(run),
        rows_(call.request.encoding(), environment.limits.stream_message_bytes,
              LimitsOf(terms)) {}

  StatementRun::Returned returned() const {
    return {.rows = rows_.total_rows(), .bytes = rows_.total_bytes()};
  }

  // Header, rows, trailer. Reads on only when the message before has been taken: a slow
  // reader slows PostgreSQL down, and memory stays bounded.
  asio::awaitable<absl::Status> Run() {
    absl::StatusOr<Fetched> fetched = co_await run_.Start(rows_);
    // Nothing has been written yet.
    while (!fetched.ok() && run_.ShallStartAgain(fetched.status())) {
      fetched = co_await run_.Start(rows_);
    }
    while (fetched.ok()) {
      // The session need not wait for the reader's last messages.
      if (fetched->is_complete) run_.End();
      absl::Status status = co_await WriteRows();
      if (!status.ok()) co_return status;
      if (fetched->is_complete) co_return co_await WriteTrailer(*fetched);
      fetched = co_await run_.Fetch(rows_);
    }
    co_return fetched.status();
  }

 private:
  asio::awaitable<absl::Status> WriteRows() {
    if (!is_header_written_ && rows_.has_columns()) {
      is_header_written_ = true;
      v1::StreamQueryResponse header;
      *header.mutable_header()->mutable_columns() = rows_.columns();
      if (options_.wants_report)
        run_.FillRoute(*header.mutable_header()->mutable_route());
      absl::Status status = co_await Write(header);
      if (!status.ok()) co_return status;
    }
    if (!rows_.has_rows()) co_return absl::OkStatus();
    rows_.TakeRows(*message_.mutable_rows());
    co_return co_await Write(message_);
  }

  asio::awaitable<absl::Status> WriteTrailer(const Fetched& fetched) {
    v1::StreamQueryResponse message;
    CommandToProto(fetched.result, rows_.total_rows(), *message.mutable_trailer());
    message.mutable_trailer()->set_token(TokenOf(environment_, fetched.result.position));
    if (options_.wants_report)
      run_.FillTiming(*message.mutable_trailer()->mutable_timing());
    co_return co_await Write(message);
  }

  asio::awaitable<absl::Status> Write(const v1::StreamQueryResponse& message) {
    if (call_.stop().is_stopped())
      co_return StreamStopped(call_.stop().reason(), run_.phase());
    StallGuard guard(call_, environment_.limits.stream_stall_timeout);
    const absl::Time begun = absl::Now();
    const bool is_taken = co_await call_.Write(message);
    run_.AddStreamTime(begun, absl::Now());
    if (is_taken) co_return absl::OkStatus();
    call_.stop().Stop(StopReason::kCancelled);
    co_return StreamStopped(call_.stop().reason(), run_.phase());
  }

  StreamQueryCall& call_;
  const CallEnvironment& environment_;
  const CallOptions& options_;
  StatementRun& run_;
  StreamRowsBuilder rows_;
  v1::StreamQueryResponse message_;  // Reused: its memory goes round.
  bool is_header_written_ = false;
};

// With settings, a write is a transaction of the gateway's, whose COMMIT waits for the
// last row: a stream that is cut before it has changed nothing.
Phase PhaseOf(const CallBase& call, const CallOptions& options) {
  const bool is_write = options.route.intent == Intent::kWrite;
  return is_write && call.settings() != nullptr ? Phase::kUncommitted : options.phase();
}

asio::awaitable<absl::Status> RunStreamQuery(StreamQueryCall& call,
                                             const CallEnvironment& environment) {
  const v1::StreamQueryRequest& request = call.request;
  if (request.options().max_rows() != 0 || request.options().max_bytes() != 0) {
    co_return InvalidRequest("options",
                             "max_rows and max_bytes are for Query; a stream has no such "
                             "limit: stop reading instead");
  }
  if (request.options().resolve_commit()) {
    co_return InvalidRequest("options.resolve_commit", "is for Query");
  }
  absl::StatusOr<AdmittedStatement> admitted =
      AdmitStatement(request.statement(), request.options(), environment, call);
  if (!admitted.ok()) co_return admitted.status();
  // Whoever reads slowly keeps it for long.
  admitted->options.route.kind = LeaseKind::kStream;
  const CallOptions& options = admitted->options;
  absl::Status keyless =
      RefuseKey(options, "goes with Query: a stream is not recorded for a repeat");
  if (!keyless.ok()) co_return keyless;

  call.LimitTime(environment.limits.max_stream_duration,
                 environment.limits.max_stream_duration);
  StatementTimer timer(call, options.statement_timeout);
  StatementRun run(call, environment, *admitted, PhaseOf(call, options));
  QueryStream stream(call, environment, options, admitted->terms, run);
  absl::Status status = co_await stream.Run();
  if (call.settings() != nullptr) status = WithWhyInTransaction(status, kForSettings);
  run.End();
  run.Report("StreamQuery", stream.returned(), status);
  co_return status;
}

}  // namespace

asio::awaitable<void> ServeStreamQuery(std::shared_ptr<StreamQueryCall> call,
                                       const CallEnvironment& environment) {
  const absl::Status status = co_await RunStreamQuery(*call, environment);
  call->Ended();
  co_await call->Finish(ToCallStatus(*call, environment, status));
}

}  // namespace pgsluice
