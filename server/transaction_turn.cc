#include "server/transaction_turn.h"

#include <utility>

#include "server/transaction_request.h"
#include "server/transaction_sql.h"

namespace pgsluice {

namespace {

const Statement& Control(LegTask task) {
  static const Statement* const kSet = new Statement(AutoSavepointStatement());
  static const Statement* const kRelease = new Statement(ReleaseAutoSavepointStatement());
  static const Statement* const kCommit = new Statement(CommitStatement());
  switch (task) {
    case LegTask::kSetSavepoint: return *kSet;
    case LegTask::kReleaseSavepoint: return *kRelease;
    case LegTask::kBegin:
    case LegTask::kPreamble:
    case LegTask::kStatement:
    case LegTask::kNoteEvidence:
    case LegTask::kCommit: break;
  }
  return *kCommit;
}

}  // namespace

TurnPart PartOf(v1::TransactionRequest request, const StatementSource& source) {
  TurnPart part;
  part.commits = request.has_commit() || request.then_commit();
  const bool has_statement =
      HasRequest(request) && !request.has_commit() && !request.has_rollback();
  if (has_statement) {
    absl::StatusOr<SourcedStatement> sourced = StatementOf(request, source);
    part.refused = sourced.status();
    if (sourced.ok()) {
      part.statement = std::move(sourced->statement);
      part.terms = sourced->terms;
    }
  }
  part.request = std::move(request);
  return part;
}

void RefuseWrite(TurnPart& part) {
  absl::Status may_read = CheckMayRead(part.terms);
  if (may_read.ok()) return;
  part.refused = std::move(may_read);
  part.statement.reset();
}

bool MayJoin(const std::vector<TurnPart>& turn, const v1::TransactionRequest& next,
             bool has_auto_savepoint) {
  const TurnPart& last = turn.back();
  if (last.commits || !last.refused.ok() || last.request.has_query()) return false;
  if (next.has_begin() || !HasRequest(next)) return false;
  // These are to go on after an error.
  if (next.has_rollback() || next.has_rollback_to()) return false;
  return !has_auto_savepoint || (last.begin.has_value() && !last.statement.has_value());
}

std::vector<TurnLeg> LegsOf(const std::vector<TurnPart>& turn, bool has_auto_savepoint) {
  std::vector<TurnLeg> legs;
  const auto add = [&legs](LegTask task, size_t part, const Statement& statement,
                           Phase phase) {
    // A statement is answered when it is done, not when all are; on COMMIT see decision
    // 17.
    const bool follows_statement =
        !legs.empty() && (legs.back().task == LegTask::kStatement ||
                          legs.back().task == LegTask::kReleaseSavepoint);
    if (follows_statement && task != LegTask::kReleaseSavepoint) {
      legs.back().execution.wants_flush = true;
    }
    legs.push_back({.task = task,
                    .part = part,
                    .execution = {.statement = &statement, .phase = phase}});
  };
  for (size_t i = 0; i < turn.size(); ++i) {
    const TurnPart& part = turn[i];
    if (part.begin.has_value()) add(LegTask::kBegin, i, *part.begin, Phase::kConnect);
    const bool is_wrapped = has_auto_savepoint && part.RunsSql();
    if (part.statement.has_value()) {
      const auto wrap = [&](LegTask task) {
        if (is_wrapped) add(task, i, Control(task), Phase::kTransaction);
      };
      wrap(LegTask::kSetSavepoint);
      add(LegTask::kStatement, i, *part.statement, Phase::kTransaction);
      wrap(LegTask::kReleaseSavepoint);
    }
    if (part.commits && part.refused.ok() && !part.request.has_query()) {
      add(LegTask::kCommit, i, Control(LegTask::kCommit), Phase::kCommit);
    }
  }
  return legs;
}

void AddPreambleLeg(std::vector<TurnLeg>& legs, const Statement& preamble) {
  if (legs.empty() || legs.front().task != LegTask::kBegin) return;
  legs.insert(legs.begin() + 1,
              {.task = LegTask::kPreamble,
               .part = legs.front().part,
               .execution = {.statement = &preamble, .phase = Phase::kTransaction}});
}

void AddEvidenceLeg(std::vector<TurnLeg>& legs, const Execution& note) {
  if (legs.empty() || legs.back().task != LegTask::kCommit) return;
  legs.insert(
      legs.end() - 1,
      {.task = LegTask::kNoteEvidence, .part = legs.back().part, .execution = note});
}

}  // namespace pgsluice
