#include "pool/error.h"

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

constexpr std::string_view kSkipped = "SKIPPED";

using Code = absl::StatusCode;

constexpr std::string_view kEndpointDown = "ENDPOINT_DOWN";

}  // namespace

absl::Status ConnectFailed(std::string_view endpoint, std::string_view cause) {
  return MakeError(Code::kUnavailable,
                   StrCat("could not connect to ", endpoint, ": ", cause),
                   {.reason = "CONNECT_FAILED",
                    .blame = Blame::kEndpoint,
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status InvalidRequest(std::string_view field, std::string_view description) {
  return MakeError(Code::kInvalidArgument, StrCat(field, ": ", description),
                   {.reason = "INVALID_REQUEST", .field = std::string(field)});
}

absl::Status QueueFull(std::string_view endpoint, size_t waiters) {
  return MakeError(Code::kResourceExhausted,
                   StrCat("all sessions with ", endpoint, " are busy and ", waiters,
                          " calls wait already; try again later or raise "
                          "max_size or max_waiters"),
                   {.reason = "QUEUE_FULL",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status WouldWaitTooLong(std::string_view endpoint, absl::Duration wait,
                              absl::Duration left) {
  const auto text = [](absl::Duration duration) {
    return absl::FormatDuration(absl::Trunc(duration, absl::Milliseconds(1)));
  };
  return MakeError(Code::kResourceExhausted,
                   StrCat("a session with ", endpoint, " is expected in ", text(wait),
                          ", and the call has ", text(left),
                          " left; try again later, with a later deadline, or raise "
                          "max_size"),
                   {.reason = "WOULD_WAIT_TOO_LONG",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = std::max(kRetryLater, wait)});
}

bool IsServerFull(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->postgres.has_value() &&
         details->postgres->sqlstate == "53300";
}

absl::Status TooManyCalls(size_t limit) {
  return MakeError(Code::kResourceExhausted,
                   StrCat("the gateway has ", limit, " calls in progress, its limit"),
                   {.reason = "TOO_MANY_CALLS",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status AcquireTimeout(std::string_view endpoint, absl::Duration waited,
                            const absl::Status& last_failure) {
  const std::string after =
      StrCat(" after ", absl::FormatDuration(absl::Trunc(waited, absl::Milliseconds(1))));
  if (last_failure.ok()) {
    return MakeError(Code::kResourceExhausted,
                     StrCat("no session with ", endpoint, " became free", after),
                     {.reason = "ACQUIRE_TIMEOUT",
                      .retry_scope = RetryScope::kStatement,
                      .retry_delay = kRetryLater});
  }
  const auto cause = DetailsOf(last_failure);
  const bool is_refused = cause.has_value() && cause->reason == kBackendAuthFailed;
  return MakeError(
      Code::kUnavailable,
      StrCat("no session with ", endpoint, " could be opened", after, ": ",
             std::string(last_failure.message())),
      {.reason = std::string(is_refused ? kBackendAuthFailed : kEndpointDown),
       .retry_scope = RetryScope::kStatement,
       .retry_delay = kRetryLater});
}

absl::Status PoolPaused(std::string_view endpoint, absl::Duration waited) {
  return MakeError(
      Code::kUnavailable,
      StrCat("the pool of ", endpoint,
             " is paused (AdminService/Pause); no session after ",
             absl::FormatDuration(absl::Trunc(waited, absl::Milliseconds(1)))),
      {.reason = "POOL_PAUSED",
       .retry_scope = RetryScope::kStatement,
       .retry_delay = kRetryLater});
}

absl::Status NoEndpoint(Role wanted, std::string_view why) {
  return MakeError(Code::kUnavailable,
                   StrCat("there is no ", RoleName(wanted), ": ", why),
                   {.reason = wanted == Role::kReplica ? "NO_REPLICA" : "NO_PRIMARY",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status LoginRefused(std::string_view endpoint, std::string_view login,
                          std::string_view why) {
  return MakeError(Code::kUnavailable,
                   StrCat("no session with ", endpoint, ": login ", login, " ", why),
                   {.reason = "LOGIN_REFUSED",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status NoSuchLogin(std::string_view login) {
  return MakeError(Code::kUnavailable,
                   StrCat("there is no login ", login, " any more (logins)"),
                   {.reason = "LOGIN_REFUSED",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status FailoverBufferFull(size_t size, std::string_view why) {
  return MakeError(Code::kUnavailable,
                   StrCat("there is no primary: ", why, "; ", size,
                          " calls wait for one already (routing.failover_buffer_size)"),
                   {.reason = "FAILOVER_BUFFER_FULL",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status PrimaryAwaitedInVain(absl::Duration waited, std::string_view why) {
  return NoEndpoint(
      Role::kPrimary,
      StrCat(why, "; waited ",
             absl::FormatDuration(absl::Trunc(waited, absl::Milliseconds(1))),
             " for one (routing.failover_buffer_time)"));
}

absl::Status Draining() {
  return MakeError(Code::kUnavailable,
                   "the gateway is shutting down; another one may serve you",
                   {.reason = "DRAINING", .retry_scope = RetryScope::kStatement});
}

absl::Status ConfigRefused(std::string_view why) {
  return MakeError(
      Code::kFailedPrecondition,
      StrCat("the configuration was not reloaded, what was in effect still is:\n", why),
      {.reason = "CONFIG_REFUSED"});
}

absl::Status NoSuchEndpoint(std::string_view endpoint, std::string_view known) {
  return MakeError(Code::kNotFound,
                   StrCat("there is no endpoint \"", endpoint, "\"; there are: ", known),
                   {.reason = "NO_SUCH_ENDPOINT", .field = "target.endpoint"});
}

absl::Status StillPaused(std::string_view endpoint, std::string_view by) {
  return MakeError(Code::kFailedPrecondition,
                   StrCat(endpoint, " is still paused ", by, ": resume that, or all"),
                   {.reason = "STILL_PAUSED"});
}

absl::Status DespiteEffect(const absl::Status& error) {
  ErrorDetails details = DetailsOf(error).value_or(ErrorDetails{});
  details.outcome = Outcome::kUnknown;
  details.retry_scope = RetryScope::kResolveFirst;
  return MakeError(error.code(),
                   StrCat(std::string(error.message()),
                          "; the statement itself was carried out and committed"),
                   details);
}

absl::Status ResultTooLarge(std::string_view limit_name, uint64_t limit) {
  return MakeError(Code::kResourceExhausted,
                   StrCat("the result exceeds ", limit_name, " = ", limit,
                          "; use StreamQuery, which has no such limit"),
                   {.reason = "RESULT_TOO_LARGE", .outcome = Outcome::kRolledBack});
}

absl::Status TransactionEnded(std::string_view reason, std::string_view why) {
  return MakeError(Code::kAborted, StrCat("the transaction is rolled back: ", why),
                   {.reason = std::string(reason),
                    .outcome = Outcome::kRolledBack,
                    .retry_scope = RetryScope::kTransaction});
}

absl::Status OfSingleStatement(const absl::Status& error) {
  ErrorDetails details = DetailsOf(error).value_or(ErrorDetails{.reason = "INTERNAL"});
  if (details.retry_scope != RetryScope::kTransaction) return error;
  details.retry_scope = RetryScope::kStatement;
  return MakeError(error.code(), std::string(error.message()), details);
}

absl::Status TransactionMisuse(std::string_view what) {
  return MakeError(Code::kFailedPrecondition, what, {.reason = "TRANSACTION_MISUSE"});
}

absl::Status Skipped() {
  return MakeError(Code::kAborted,
                   "not run: a statement before it in the same flight failed",
                   {.reason = std::string(kSkipped)});
}

bool WasSkipped(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->reason == kSkipped;
}

absl::Status StatementRefused(std::string_view reason, std::string_view what) {
  return MakeError(Code::kInvalidArgument, what,
                   {.reason = std::string(reason), .field = "statement.sql"});
}

absl::Status PreparedOutdated(const absl::Status& error, Phase phase) {
  const bool is_alone = phase == Phase::kAutocommit || phase == Phase::kRead ||
                        phase == Phase::kUncommitted;
  ErrorDetails details = DetailsOf(error).value_or(ErrorDetails{});
  details.reason = kPreparedOutdated;
  details.outcome = Outcome::kRolledBack;
  details.retry_scope = is_alone ? RetryScope::kStatement : RetryScope::kTransaction;
  details.retry_delay = absl::ZeroDuration();
  return MakeError(Code::kAborted,
                   StrCat("what the gateway had prepared for the statement does not fit "
                          "any more; run it again: ",
                          std::string(error.message())),
                   details);
}

absl::Status Internal(std::string_view what) {
  return MakeError(Code::kInternal, what,
                   {.reason = "INTERNAL", .blame = Blame::kSession});
}

}  // namespace pgsluice
