// Which of the requests that have come travel to PostgreSQL together, and as which
// statements. Rules file.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pgsluice/v1/transaction.pb.h"
#include "pool/session.h"
#include "pool/statement.h"
#include "server/statement_source.h"

namespace pgsluice {

// One request of a turn.
struct TurnPart {
  v1::TransactionRequest request;
  std::optional<Statement> begin;
  // What it runs, if anything; `refused` says why it is not sent.
  std::optional<Statement> statement;
  absl::Status refused;
  StatementTerms terms = {};  // Of the statement.
  bool commits = false;       // By commit or then_commit.

  uint64_t seq() const { return request.seq(); }
  // Its statement is the caller's own, not a savepoint command.
  bool RunsSql() const { return request.has_execute() || request.has_query(); }
  // Of the named statement that it runs; empty: none.
  std::string_view name() const {
    return request.has_execute() ? request.execute().statement().name()
                                 : request.query().statement().name();
  }
};

// What the request, which may be run now, does.
TurnPart PartOf(v1::TransactionRequest request, const StatementSource& source);
// In a transaction that only reads: refuses a statement that says it writes.
void RefuseWrite(TurnPart& part);

// Whether `next`, which waits behind `turn`, may be sent along: only what PostgreSQL is
// to skip when something before it fails.
bool MayJoin(const std::vector<TurnPart>& turn, const v1::TransactionRequest& next,
             bool has_auto_savepoint);

enum class LegTask {
  kBegin,
  kPreamble,      // Of the call, behind BEGIN.
  kSetSavepoint,  // Around a statement, with auto_savepoint.
  kStatement,     // Of the part.
  kReleaseSavepoint,
  kNoteEvidence,  // Of a COMMIT that may come into doubt; before it.
  kCommit,
};

struct TurnLeg {
  LegTask task;
  size_t part;  // Index in the turn.
  Execution execution;
};

// The flight of a turn; `turn` must outlive it. COMMIT is in it unless rows are streamed
// before: these must be taken first, lest the answer to COMMIT wait for their reader.
std::vector<TurnLeg> LegsOf(const std::vector<TurnPart>& turn, bool has_auto_savepoint);
// Puts what is to be set for all statements behind BEGIN, if there is one.
void AddPreambleLeg(std::vector<TurnLeg>& legs, const Statement& preamble);
// Puts the note before COMMIT, if there is one.
void AddEvidenceLeg(std::vector<TurnLeg>& legs, const Execution& note);

}  // namespace pgsluice
