// Sending a flight: several statements in libpq's pipeline mode.
#include <algorithm>
#include <iterator>
#include <utility>

#include "pool/pg/pg_session.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// Between looks at whether the socket takes what libpq holds: bounds the memory of a
// flight, whatever its size.
constexpr size_t kSendBytes = 64 * 1024;
// Of the protocol's own, for a small statement.
constexpr size_t kLegOverheadBytes = 100;
// Beyond it nothing new is prepared in flights until these are deallocated.
constexpr size_t kMaxEvicted = 64;

Statement Control(std::string sql) {
  return {.sql = std::move(sql),
          .parameters = {},
          .kind = StatementKind::kTransactionControl};
}

const Statement& BeginRead() {
  static const Statement* const kBegin = new Statement(Control("BEGIN READ ONLY"));
  return *kBegin;
}

const Statement& EndRead() {
  // Not COMMIT: what a read set for its transaction goes, too.
  static const Statement* const kEnd = new Statement(Control("ROLLBACK"));
  return *kEnd;
}

const Statement& BeginWrite() {
  static const Statement* const kBegin = new Statement(Control("BEGIN"));
  return *kBegin;
}

const Statement& CommitWrite() {
  static const Statement* const kCommit = new Statement(Control("COMMIT"));
  return *kCommit;
}

bool HasPlaceForSettings(const Execution& leg, FlightKind kind, size_t legs) {
  switch (leg.phase) {
    case Phase::kRead: return true;
    case Phase::kAutocommit:
      return leg.settings == nullptr || kind == FlightKind::kIndependent;
    case Phase::kUncommitted: return leg.settings != nullptr && legs == 1;
    default: return leg.settings == nullptr;
  }
}

PgLeg OwnLeg(const Statement& statement, LegOwner owner) {
  return {.execution = {.statement = &statement, .phase = Phase::kRead}, .owner = owner};
}

size_t BytesOf(const Statement& statement) {
  size_t bytes = kLegOverheadBytes + statement.sql.size();
  for (const Parameter& parameter : statement.parameters) {
    bytes += parameter.value.has_value() ? parameter.value->size() : 0;
  }
  return bytes;
}

}  // namespace

asio::awaitable<absl::Status> PgSession::StartFlight(std::span<const Execution> legs,
                                                     FlightKind kind) {
  auto self = shared_from_this();
  if (legs.empty()) co_return Internal("a flight without a statement");
  const bool are_reads = legs.front().phase == Phase::kRead;
  // By itself it is the same, but for the COMMIT behind it.
  const bool is_single_write = legs.size() == 1 && !are_reads;
  if (is_single_write && legs.front().settings != nullptr)
    kind = FlightKind::kIndependent;
  absl::Status settings = TakeSettings(legs, kind);
  if (!settings.ok()) co_return settings;
  const bool is_guarded =
      legs.front().settings != nullptr || (are_reads && deps_.role == Role::kPrimary);
  const std::optional<absl::Duration> timeout = NextTimeout(legs);
  // Without pipeline mode, as it is cheaper.
  if (legs.size() == 1 && !is_guarded && !legs.front().wants_position &&
      !IsLabelled(legs.front()) && !timeout.has_value()) {
    co_return co_await Start(legs.front());
  }

  flight_.reset();
  current_.emplace(legs.front());
  if (is_cancelling_) co_await AwaitCancelEnd();
  std::vector<PgLeg> own_legs;
  for (const Execution& leg : legs) {
    own_legs.push_back({.execution = leg, .is_synced = kind == FlightKind::kIndependent});
  }
  if (is_guarded && are_reads) GuardReads(kind, own_legs);
  if (is_guarded && !are_reads) GuardWrites(own_legs);
  TakeLabel(legs);
  AddLabelLegs(own_legs);
  if (timeout.has_value()) AddTimeoutLeg(*timeout, own_legs);
  AddPositionLegs(own_legs);
  absl::Status status = CheckBeforeStart();
  if (!status.ok()) co_return status;
  co_return Launch(kind, std::move(own_legs));
}

// Without its settings nothing may run: what cannot have them is not sent.
absl::Status PgSession::TakeSettings(std::span<const Execution> legs, FlightKind kind) {
  const Statement* const settings = legs.front().settings;
  for (const Execution& leg : legs) {
    if (leg.statement == &WritePositionStatement()) continue;
    if (leg.settings != settings || !HasPlaceForSettings(leg, kind, legs.size())) {
      return Internal("settings go with reads and writes, and with all of a flight");
    }
  }
  if (settings != nullptr) settings_ = *settings;
  return absl::OkStatus();
}

// Sessions of the replica pool are read-only; on the primary a read has to be told so.
// Settings need a transaction to end with, wherever they are.
void PgSession::GuardReads(FlightKind kind, std::vector<PgLeg>& legs) const {
  const auto lead = [this](const Execution& read, std::vector<PgLeg>& out) {
    out.push_back(OwnLeg(BeginRead(), LegOwner::kLead));
    if (read.settings != nullptr) out.push_back(OwnLeg(settings_, LegOwner::kLead));
  };
  std::vector<PgLeg> guarded;
  if (kind == FlightKind::kAtomic) {
    lead(legs.front().execution, guarded);
    std::move(legs.begin(), legs.end(), std::back_inserter(guarded));
    guarded.push_back(OwnLeg(EndRead(), LegOwner::kTrail));
    legs = std::move(guarded);
    return;
  }
  for (PgLeg& leg : legs) {
    lead(leg.execution, guarded);
    guarded.push_back(std::move(leg));
    guarded.push_back(OwnLeg(EndRead(), LegOwner::kTrail));
    guarded.back().is_synced = true;
  }
  legs = std::move(guarded);
}

// A write with settings is a transaction of its own. COMMIT comes behind the write's own
// Sync: so it runs after an error, too, as the ROLLBACK that it then is; and a write that
// has ended is known to have before COMMIT begins.
void PgSession::GuardWrites(std::vector<PgLeg>& legs) const {
  std::vector<PgLeg> guarded;
  for (PgLeg& leg : legs) {
    if (leg.execution.settings == nullptr) {
      guarded.push_back(std::move(leg));
      continue;
    }
    guarded.push_back(OwnLeg(BeginWrite(), LegOwner::kLead));
    // Lost there, nothing of it has begun.
    guarded.back().execution.phase = Phase::kConnect;
    guarded.push_back(OwnLeg(settings_, LegOwner::kLead));
    leg.is_synced = true;
    leg.is_committed_behind = leg.execution.phase == Phase::kAutocommit;
    leg.execution.phase = Phase::kUncommitted;
    const bool is_committed_behind = leg.is_committed_behind;
    guarded.push_back(std::move(leg));
    if (!is_committed_behind) continue;
    PgLeg commit = OwnLeg(CommitWrite(), LegOwner::kTrail);
    commit.execution.phase = Phase::kCommit;
    commit.commits = true;
    commit.is_synced = true;
    guarded.push_back(std::move(commit));
  }
  legs = std::move(guarded);
}

bool PgSession::IsLabelled(const Execution& execution) {
  return execution.label != nullptr && execution.phase == Phase::kAutocommit &&
         execution.statement->kind == StatementKind::kPlain;
}

void PgSession::TakeLabel(std::span<const Execution> legs) {
  const auto labelled = std::find_if(legs.begin(), legs.end(), IsLabelled);
  if (labelled != legs.end()) label_ = *labelled->label;
}

// Before its write, and without a Sync between them. An error of it is one of the write.
void PgSession::AddLabelLegs(std::vector<PgLeg>& legs) const {
  for (size_t i = 0; i < legs.size(); ++i) {
    if (legs[i].owner != LegOwner::kCaller || !IsLabelled(legs[i].execution)) continue;
    PgLeg leg = OwnLeg(label_, LegOwner::kLead);
    leg.execution.phase = Phase::kAutocommit;
    legs.insert(legs.begin() + static_cast<ptrdiff_t>(i), std::move(leg));
    ++i;
  }
}

// Behind what commits, the Sync or a COMMIT. By itself: what becomes of it is nothing to
// the write.
void PgSession::AddPositionLegs(std::vector<PgLeg>& legs) {
  for (size_t i = 0; i < legs.size(); ++i) {
    if (!legs[i].execution.wants_position) continue;
    legs[i].is_synced = true;
    if (legs[i].is_committed_behind) ++i;
    PgLeg leg = OwnLeg(WritePositionStatement(), LegOwner::kTrail);
    leg.asks_position = true;
    leg.is_synced = true;
    ++i;
    legs.insert(legs.begin() + static_cast<ptrdiff_t>(i), std::move(leg));
  }
}

// Ahead of all, each on its own: one that fails harms nobody. Not in a transaction, which
// it would fail.
void PgSession::DeallocateEvicted(std::vector<PgLeg>& legs) {
  deallocations_.clear();
  if (PQtransactionStatus(connection_->get()) != PQTRANS_IDLE) return;
  deallocations_.reserve(evicted_.size());
  for (const std::string& name : evicted_) {
    deallocations_.push_back(Control(StrCat("DEALLOCATE ", name)));
  }
  evicted_.clear();
  std::vector<PgLeg> own;
  for (const Statement& deallocation : deallocations_) {
    own.push_back(OwnLeg(deallocation, LegOwner::kLead));
    own.back().is_synced = true;
  }
  legs.insert(legs.begin(), std::make_move_iterator(own.begin()),
              std::make_move_iterator(own.end()));
}

absl::Status PgSession::Launch(FlightKind kind, std::vector<PgLeg> legs) {
  if (!evicted_.empty()) DeallocateEvicted(legs);
  flight_.emplace(kind, std::move(legs));
  answer_.reset();
  lead_error_ = absl::OkStatus();
  is_woken_ = false;
  unflushed_bytes_ = 0;
  absl::Status status;
  if (PQenterPipelineMode(connection_->get()) == 0) {
    status = Broken(/*statement_sent=*/false);
  } else {
    EnterLeg(current_->stop_reason, current_->gave_up);
    if (!SendLegs()) status = Broken(/*statement_sent=*/true);
  }
  if (!status.ok()) {
    flight_.reset();
    current_.reset();
    facts_.has_statement_in_progress = false;
  }
  return status;
}

// The front leg is the one that is read from here on.
void PgSession::EnterLeg(StopReason stop_reason, bool gave_up) {
  current_.emplace(flight_->front().execution);
  current_->stop_reason = stop_reason;
  current_->gave_up = gave_up;
}

// As much as the socket takes. False: the session is lost.
bool PgSession::SendLegs() {
  while (PgLeg* leg = flight_->NextUnsent()) {
    if (unflushed_bytes_ >= kSendBytes) {
      const int left = PQflush(connection_->get());
      has_unsent_output_ = left > 0;
      if (left != 0) return left > 0;
      unflushed_bytes_ = 0;
    }
    if (!SendLeg(*leg)) return false;
  }
  const int left = PQflush(connection_->get());
  has_unsent_output_ = left > 0;
  return left >= 0;
}

bool PgSession::SendLeg(PgLeg& leg) {
  const Statement& statement = *leg.execution.statement;
  if (leg.owner == LegOwner::kCaller || leg.asks_position) ChoosePrepared(leg);
  unflushed_bytes_ += BytesOf(statement);
  if (leg.is_prepared_here) {
    FillParameters(statement);
    if (PQsendPrepare(connection_->get(), leg.prepared_name.c_str(),
                      statement.sql.c_str(), static_cast<int>(types_.size()),
                      types_.data()) == 0) {
      return false;
    }
  }
  const bool is_sent = leg.prepared_name.empty()
                           ? SendUnprepared(statement)
                           : SendPrepared(statement, leg.prepared_name);
  flight_->NoteSent();
  if (!is_sent) return false;
  if (leg.execution.wants_flush && PQsendFlushRequest(connection_->get()) == 0) {
    return false;
  }
  return !leg.is_synced || SendSync();
}

bool PgSession::SendSync() {
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
  return PQsendPipelineSync(connection_->get()) == 1;
#else
  return PQpipelineSync(connection_->get()) == 1;
#endif
}

void PgSession::ChoosePrepared(PgLeg& leg) {
  const Statement& statement = *leg.execution.statement;
  if (!leg.may_be_prepared || deps_.options.prepared_statements == 0 ||
      statement.kind != StatementKind::kPlain) {
    if (!leg.asks_position) NoteStateRisk(statement, /*known=*/nullptr);
    return;
  }
  const StatementCache::Prepared* known =
      statements_.Find(statement.sql, statement.parameters);
  if (!leg.asks_position) NoteStateRisk(statement, known);
  if (known != nullptr) {
    if (flight_->MayUse(known->name)) leg.prepared_name = known->name;
    return;
  }
  if (!statements_.SeenBefore(statement.sql, statement.parameters)) return;
  if (evicted_.size() >= kMaxEvicted) return;
  StatementCache::Inserted inserted =
      statements_.Insert(statement.sql, statement.parameters);
  if (inserted.evicted_name.has_value()) evicted_.push_back(*inserted.evicted_name);
  leg.prepared_name = inserted.name;
  leg.is_prepared_here = true;
}

}  // namespace pgsluice
