#include "server/keyed_write.h"

#include <utility>
#include <vector>

#include "pool/error_idempotency.h"
#include "pool/hex.h"
#include "pool/idempotency_sql.h"
#include "pool/no_rows.h"
#include "pool/str_cat.h"
#include "pool/timer.h"
#include "server/transaction_sql.h"

namespace pgsluice {

namespace {

constexpr std::string_view kUniqueViolation = "23505";
// Table, schema or column is not there; no right to use it.
constexpr std::string_view kTableTrouble[] = {"42P01", "3F000", "42703", "42501"};

// For the first look at the table, after a start.
constexpr absl::Duration kFirstLook = absl::Milliseconds(10);
constexpr int kFirstLooks = 200;

std::string SqlstateOf(const absl::Status& status) {
  const auto details = DetailsOf(status);
  if (!details.has_value() || !details->postgres.has_value()) return "";
  return details->postgres->sqlstate;
}

// Of ReadOutcomeStatement's row.
absl::Status Decode(const FirstRow& row, v1::BatchResponse& answer) {
  if (!row.has_row()) return IdempotencyKeyGone();
  if (row.cell(0) != "t") return IdempotencyKeyReused();
  const std::optional<std::string> outcome = row.cell(2);
  if (!outcome.has_value()) return OutcomeUnreadable("there is none");
  if (row.cell(1) != std::to_string(kOutcomeFormat)) {
    return OutcomeUnreadable("it has a format that this version does not know");
  }
  const std::optional<std::string> bytes = BytesOfHex(*outcome);
  if (!bytes.has_value() || !answer.ParseFromString(*bytes)) {
    return OutcomeUnreadable("it makes no sense");
  }
  answer.set_replayed(true);
  return absl::OkStatus();
}

}  // namespace

KeyedWrite::KeyedWrite(const CallEnvironment& environment, std::string key,
                       std::string digest)
    : environment_(environment),
      key_(std::move(key)),
      digest_(std::move(digest)),
      reserve_(ReserveKeyStatement(environment.keys->table(), key_, digest_)) {}

bool KeyedWrite::IsRepeat(const absl::Status& failure) const {
  return SqlstateOf(failure) == kUniqueViolation;
}

absl::Status KeyedWrite::WhyNotReserved(const absl::Status& failure) const {
  const std::string sqlstate = SqlstateOf(failure);
  for (const std::string_view trouble : kTableTrouble) {
    if (sqlstate != trouble) continue;
    environment_.keys->Nudge();
    return IdempotencyTableUnusable(QualifiedName(environment_.keys->table()),
                                    std::string(failure.message()));
  }
  return failure;
}

absl::StatusOr<Execution> KeyedWrite::Record(const v1::BatchResponse& answer) {
  std::string outcome = answer.SerializeAsString();
  const size_t limit = environment_.limits.max_outcome_bytes;
  if (outcome.size() > limit) return OutcomeTooLarge(outcome.size(), limit);
  record_ = RecordOutcomeStatement(environment_.keys->table(),
                                   reserved_.cell(0).value_or(""), key_, outcome);
  return Execution{.statement = &record_, .phase = Phase::kTransaction};
}

asio::awaitable<absl::StatusOr<CommandResult>> KeyedWrite::Replay(
    Lease& lease, StopSignal& stop, v1::BatchResponse& answer,
    bool wants_position) const {
  const Statement rollback = RollbackStatement();
  const Statement read = ReadOutcomeStatement(environment_.keys->table(), key_, digest_);
  NoRows none;
  FirstRow row;
  std::vector<Execution> legs = {
      {.statement = &rollback, .phase = Phase::kTransaction},
      {.statement = &read, .phase = Phase::kRead, .wants_position = wants_position}};
  std::vector<RowSink*> sinks = {&none, &row};
  const auto results = co_await lease.RunFlight(std::move(legs), std::move(sinks),
                                                FlightKind::kIndependent, stop);
  for (const auto& result : results) {
    if (!result.ok()) co_return result.status();
  }
  absl::Status decoded = Decode(row, answer);
  if (!decoded.ok()) co_return decoded;
  co_return *results.back();
}

asio::awaitable<absl::Status> AwaitKeys(CallBase& call,
                                        const CallEnvironment& environment) {
  if (environment.keys == nullptr) co_return IdempotencyOff();
  Timer timer(call.shard().loop());
  for (int i = 0; i < kFirstLooks; ++i) {
    const std::optional<absl::Status> verdict = environment.keys->verdict();
    if (verdict.has_value()) co_return *verdict;
    if (call.stop().is_stopped()) co_return StoppedBeforeStart(call.stop().reason());
    co_await timer.Wait(kFirstLook);
  }
  co_return IdempotencyTableUnusable(QualifiedName(environment.keys->table()),
                                     "no primary could be asked for it yet");
}

}  // namespace pgsluice
