// Life and sending of a session; reading is in pg_session_read.cc, stopping and cleaning
// up in pg_session_cleanup.cc.
#include "pool/pg/pg_session.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <utility>

#include "asio/post.hpp"

#include "pool/pg/orphan.h"
#include "pool/pg/pg_error.h"
#include "pool/pg/result_handle.h"

namespace pgsluice {

PgSession::PgSession(PgSessionDeps deps, std::unique_ptr<PgConnection> connection)
    : deps_(std::move(deps)),
      connection_(std::move(connection)),
      statements_(deps_.options.prepared_statements),
      timeout_(deps_.options.statement_timeout),
      grace_(deps_.executor),
      budget_(deps_.executor),
      cancel_end_(deps_.executor) {
  PQsetnonblocking(connection_->get(), 1);
  PQsetNoticeReceiver(connection_->get(), &PgSession::OnNotice, this);
}

void PgSession::Close() {
  asio::post(deps_.executor, [self = shared_from_this()] {
    self->grace_.Cancel();
    self->cancel_end_.Cancel();
    if (!self->is_followed_ || self->connection_ == nullptr) {
      self->connection_.reset();
      return;
    }
    self->is_followed_ = false;
    self->connection_->Interrupt();
    FollowOrphan(self->deps_.executor, std::move(self->connection_),
                 self->deps_.cancel_tally);
  });
}

void PgSession::WatchClosely() {
  asio::post(deps_.executor, [self = shared_from_this()] {
    if (self->connection_ != nullptr) self->connection_->AskOften();
  });
}

asio::awaitable<absl::Status> PgSession::Start(const Execution& execution) {
  auto self = shared_from_this();
  const bool is_guarded = execution.phase == Phase::kRead && deps_.role == Role::kPrimary;
  if (is_guarded || execution.wants_position || execution.settings != nullptr ||
      execution.phase == Phase::kUncommitted || IsLabelled(execution) ||
      NextTimeout({&execution, 1}).has_value()) {
    co_return co_await StartFlight({&execution, 1}, FlightKind::kAtomic);
  }
  flight_.reset();
  current_.emplace(execution);
  if (is_cancelling_) co_await AwaitCancelEnd();
  absl::Status sent = CheckBeforeStart();
  if (!sent.ok()) co_return sent;
  sent = co_await Send();
  if (!sent.ok() && !current_->gave_up) {
    if (facts_.is_broken) facts_.has_statement_in_progress = false;
    current_.reset();
  }
  co_return sent;
}

absl::Status PgSession::CheckBeforeStart() {
  if (facts_.is_broken ||
      (facts_.transaction == TransactionStatus::kIdle && IsGoneWhileIdle())) {
    absl::Status lost = Broken(/*statement_sent=*/false);
    current_.reset();
    return lost;
  }
  facts_.has_statement_in_progress = true;
  facts_.transaction = TransactionStatus::kActive;  // Until its end is seen.
  return absl::OkStatus();
}

asio::awaitable<absl::Status> PgSession::Send() {
  const Statement& statement = *current_->execution.statement;
  current_->prepared_name.clear();
  if (IsWorthPreparing(statement)) {
    const StatementCache::Prepared* known =
        statements_.Find(statement.sql, statement.parameters);
    NoteStateRisk(statement, known);
    if (known == nullptr && statements_.SeenBefore(statement.sql, statement.parameters)) {
      absl::Status prepared = co_await Prepare(statement);
      if (!prepared.ok()) co_return prepared;
      known = statements_.Find(statement.sql, statement.parameters);
    }
    if (known != nullptr) current_->prepared_name = known->name;
  } else {
    NoteStateRisk(statement, /*known=*/nullptr);
  }
  const bool is_sent = current_->prepared_name.empty()
                           ? SendUnprepared(statement)
                           : SendPrepared(statement, current_->prepared_name);
  if (!is_sent) co_return Broken(/*statement_sent=*/false);
  PQsetSingleRowMode(connection_->get());
  if (PQflush(connection_->get()) == 0) co_return absl::OkStatus();
  co_return co_await Flush();
}

// Nobody has asked it anything: what there is to read is its end, or a last word.
bool PgSession::LooksAlive() const {
  char byte = 0;
  const ssize_t got =
      recv(PQsocket(connection_->get()), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

// Under load a session goes from one statement to the next: no look, no system call.
bool PgSession::WasUsedJustNow() const {
  return connection_->loop().turn() <= last_turn_ + 1;
}

// A session that the server closed while it was idle shows it: nothing was sent yet, so
// the caller may safely take another one.
bool PgSession::IsGoneWhileIdle() {
  if (WasUsedJustNow()) return false;
  if (LooksAlive()) return false;
  // Notices and changed settings come unasked, too; the end comes after a FATAL.
  const bool is_read = PQconsumeInput(connection_->get()) == 1;
  connection_->DropClosedSocket();
  if (!is_read) return true;
  PQisBusy(connection_->get());
  return PQstatus(connection_->get()) != CONNECTION_OK || !LooksAlive();
}

// Before anything of it is sent: preparing, too, may call functions.
void PgSession::NoteStateRisk(const Statement& statement,
                              const StatementCache::Prepared* known) {
  if (deps_.options.reset == SessionReset::kAlways) facts_.needs_reset = true;
  if (!facts_.needs_reset) {
    const StateRisk risk =
        known != nullptr ? known->risk : JudgeStateRisk(statement.kind, statement.sql);
    facts_.needs_reset = risk == StateRisk::kPossible;
  }
  // Who sets a limit of its own, keeps it. A reset will follow.
  if (facts_.needs_reset &&
      strcasestr(statement.sql.c_str(), "statement_timeout") != nullptr) {
    timeout_.Yield();
  }
}

bool PgSession::IsWorthPreparing(const Statement& statement) {
  return deps_.options.prepared_statements > 0 && !current_->was_resent &&
         statement.kind == StatementKind::kPlain;
}

asio::awaitable<absl::Status> PgSession::Prepare(const Statement& statement) {
  StatementCache::Inserted inserted =
      statements_.Insert(statement.sql, statement.parameters);
  if (inserted.evicted_name.has_value()) {
    absl::Status dropped = co_await RunInternal("DEALLOCATE " + *inserted.evicted_name);
    if (!dropped.ok() && facts_.is_broken) co_return Broken(/*statement_sent=*/false);
  }
  FillParameters(statement);
  if (PQsendPrepare(connection_->get(), inserted.name.c_str(), statement.sql.c_str(),
                    static_cast<int>(types_.size()), types_.data()) == 0) {
    co_return Broken(/*statement_sent=*/false);
  }
  absl::Status flushed = co_await Flush();
  if (!flushed.ok()) co_return flushed;
  absl::Status outcome;
  while (true) {
    while (PQisBusy(connection_->get()) != 0) {
      const bool is_read = co_await ReadInput();
      if (is_read) continue;
      if (current_->gave_up) co_return StoppedUnfinished(Context());
      if (PQisBusy(connection_->get()) != 0) co_return Broken(/*statement_sent=*/false);
    }
    ResultHandle result(PQgetResult(connection_->get()));
    if (result == nullptr) break;
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
      TakeError(result.get());
      outcome = current_->error;
    }
  }
  if (!outcome.ok()) {
    statements_.Erase(inserted.name);
    facts_.has_statement_in_progress = false;
    NoteTransactionStatus();
    if (!is_lost_) NoteIdle();
  }
  co_return outcome;
}

void PgSession::FillParameters(const Statement& statement) {
  values_.clear();
  lengths_.clear();
  formats_.clear();
  types_.clear();
  for (const Parameter& parameter : statement.parameters) {
    values_.push_back(parameter.value.has_value() ? parameter.value->c_str() : nullptr);
    lengths_.push_back(
        parameter.value.has_value() ? static_cast<int>(parameter.value->size()) : 0);
    formats_.push_back(parameter.is_binary ? 1 : 0);
    types_.push_back(parameter.type);
  }
}

bool PgSession::SendUnprepared(const Statement& statement) {
  FillParameters(statement);
  return PQsendQueryParams(connection_->get(), statement.sql.c_str(),
                           static_cast<int>(values_.size()), types_.data(),
                           values_.data(), lengths_.data(), formats_.data(),
                           /*resultFormat=*/0) == 1;
}

bool PgSession::SendPrepared(const Statement& statement, const std::string& name) {
  FillParameters(statement);
  return PQsendQueryPrepared(connection_->get(), name.c_str(),
                             static_cast<int>(values_.size()), values_.data(),
                             lengths_.data(), formats_.data(), /*resultFormat=*/0) == 1;
}

asio::awaitable<absl::Status> PgSession::Flush() {
  while (true) {
    const int left = PQflush(connection_->get());
    if (left == 0) co_return absl::OkStatus();
    if (left < 0) co_return Broken(/*statement_sent=*/true);
    const bool is_writable = co_await connection_->WaitWritable();
    if (current_.has_value() && current_->gave_up) co_return StoppedUnfinished(Context());
    if (!is_writable) co_return Broken(/*statement_sent=*/true);
  }
}

asio::awaitable<bool> PgSession::ReadInput() {
  const bool is_readable = co_await connection_->WaitReadable();
  if (!is_readable) co_return false;
  co_return PQconsumeInput(connection_->get()) == 1;
}

ErrorContext PgSession::Context() const {
  ErrorContext context{.endpoint = deps_.endpoint, .role = deps_.role};
  if (current_.has_value()) {
    context.phase = current_->execution.phase;
    context.stop_reason = current_->stop_reason;
  }
  return context;
}

ErrorContext PgSession::LostContext() const {
  ErrorContext context = Context();
  if (flight_.has_value() && flight_->IsFrontSent()) {
    context.phase = flight_->DoubtPhase();
  }
  return context;
}

absl::Status PgSession::Broken(bool statement_sent) {
  facts_.is_broken = true;
  facts_.transaction = TransactionStatus::kUnknown;
  is_lost_ = true;
  if (lost_cause_.empty()) lost_cause_ = ConnectionError(connection_->get());
  return SessionLost(LostContext(), statement_sent, lost_cause_);
}

void PgSession::NoteTransactionStatus() {
  switch (PQtransactionStatus(connection_->get())) {
    case PQTRANS_IDLE:
      facts_.transaction = TransactionStatus::kIdle;
      timeout_.NoteTransactionEnd();
      break;
    case PQTRANS_ACTIVE: facts_.transaction = TransactionStatus::kActive; break;
    case PQTRANS_INTRANS: facts_.transaction = TransactionStatus::kInTransaction; break;
    case PQTRANS_INERROR: facts_.transaction = TransactionStatus::kFailed; break;
    case PQTRANS_UNKNOWN: facts_.transaction = TransactionStatus::kUnknown; break;
  }
}

void PgSession::OnNotice(void* self, const PGresult* notice) {
  constexpr size_t kMaxNotices = 16;
  auto& current = static_cast<PgSession*>(self)->current_;
  if (!current.has_value() || current->result.notices.size() >= kMaxNotices) return;
  current->result.notices.push_back(NoticeOf(notice));
}

}  // namespace pgsluice
