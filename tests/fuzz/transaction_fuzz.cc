// Any requests of a transaction, in any order, as they would be taken in turns: what is
// sent to PostgreSQL begins once, ends once, and runs nothing behind an error.
//
// Input: for each request a byte of fate, a byte of length, and the message. Fate: bit 0,
// it has come along with the one before; bits 1-3, which leg of its turn fails (0: none);
// bit 4, auto_savepoint.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/transaction_machine.h"
#include "server/transaction_request.h"
#include "server/transaction_sql.h"
#include "server/transaction_turn.h"

namespace pgsluice {
namespace {

constexpr StatementLimits kLimits = {.max_sql_bytes = 4096, .max_parameters = 100};

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Sent {
  uint8_t fate = 0;
  v1::TransactionRequest request;
};

std::deque<Sent> Read(std::span<const uint8_t> data) {
  std::deque<Sent> requests;
  while (data.size() >= 2) {
    const uint8_t fate = data[0];
    const size_t length = std::min<size_t>(data[1], data.size() - 2);
    Sent sent{.fate = fate, .request = {}};
    const bool is_message =
        sent.request.ParseFromArray(data.data() + 2, static_cast<int>(length));
    data = data.subspan(2 + length);
    if (is_message) requests.push_back(std::move(sent));
  }
  return requests;
}

// Does what TransactionStream does, without PostgreSQL.
class Walk final {
 public:
  explicit Walk(std::deque<Sent> requests) : requests_(std::move(requests)) {}

  void Run() {
    while (!requests_.empty() && !is_broken_) {
      Sent first = std::move(requests_.front());
      requests_.pop_front();
      Serve(std::move(first));
    }
  }

 private:
  using State = TransactionMachine::State;
  using Step = TransactionMachine::Step;

  void Serve(Sent first) {
    v1::TransactionRequest& request = first.request;
    const bool begins = request.has_begin();
    const bool is_odd = !HasRequest(request) && !begins;
    if (is_odd || (request.then_commit() && !RunsSql(request))) {
      is_broken_ = true;
      return;
    }
    const State before = machine_.state();
    const TransactionMachine::Decision decision = machine_.OnRequest(
        begins ? TransactionMachine::Request::kBegin : KindOf(request), request.seq());
    Require(machine_.state() == before);  // Deciding changes nothing yet.
    CheckDecision(decision, before);
    switch (decision.step) {
      case Step::kBegin:
      case Step::kRunStatement:
      case Step::kCommit: break;
      case Step::kRollback:
      case Step::kRollbackFailed: machine_.OnEnded(); return;
      case Step::kSkip:
        if (request.then_commit()) machine_.OnEnded();
        return;
      case Step::kRefuse: return;
      case Step::kBreakStream: is_broken_ = true; return;
    }
    if (begins && HasRequest(request) && !RunsSql(request)) {
      is_broken_ = true;
      return;
    }
    Fly(std::move(first), begins);
  }

  static bool RunsSql(const v1::TransactionRequest& request) {
    return request.has_execute() || request.has_query();
  }

  void CheckDecision(const TransactionMachine::Decision& decision, State state) const {
    const bool is_error =
        decision.step == Step::kRefuse || decision.step == Step::kBreakStream;
    Require(decision.error.ok() != is_error);
    if (state == State::kAwaitingBegin)
      Require(is_error || decision.step == Step::kBegin);
    if (state != State::kAwaitingBegin) Require(decision.step != Step::kBegin);
    if (state == State::kEnded) Require(decision.step == Step::kBreakStream);
    if (state == State::kFailed) Require(decision.step != Step::kCommit);
  }

  void Fly(Sent first, bool begins) {
    const uint8_t fate = first.fate;
    const v1::Begin begin = first.request.begin();
    std::vector<TurnPart> turn;
    turn.push_back(PartOf(std::move(first.request), kLimits));
    if (begins) {
      absl::StatusOr<Statement> statement = BeginStatement(begin);
      if (!statement.ok()) {
        is_broken_ = true;
        return;
      }
      has_auto_savepoint_ = begin.auto_savepoint() || (fate & 0x10) != 0;
      turn.front().begin = *std::move(statement);
      machine_.OnBegun();
    }
    while (!requests_.empty() && (requests_.front().fate & 1) != 0 &&
           MayJoin(turn, requests_.front().request, has_auto_savepoint_)) {
      const v1::TransactionRequest& next = requests_.front().request;
      if (next.then_commit() && !RunsSql(next)) break;
      if (!machine_.MayFollow(next.seq())) break;
      (void)machine_.OnRequest(KindOf(next), next.seq());
      turn.push_back(PartOf(std::move(requests_.front().request), kLimits));
      requests_.pop_front();
    }
    const std::vector<TurnLeg> legs = LegsOf(turn, has_auto_savepoint_);
    CheckLegs(turn, legs, begins);
    Land(turn, legs, fate >> 1 & 7);
  }

  void CheckLegs(const std::vector<TurnPart>& turn, const std::vector<TurnLeg>& legs,
                 bool begins) const {
    size_t part = 0;
    int open_savepoints = 0;
    for (size_t i = 0; i < legs.size(); ++i) {
      const TurnLeg& leg = legs[i];
      Require(leg.part >= part && leg.part < turn.size());
      part = leg.part;
      // Nothing travels behind what is refused: it would run although it was skipped.
      for (size_t p = 0; p < part; ++p) Require(turn[p].refused.ok());
      Require(leg.execution.statement != nullptr);
      Require(leg.execution.statement->sql.find('\0') == std::string::npos);
      Require((leg.task == LegTask::kBegin) == (begins && i == 0));
      Require(leg.task != LegTask::kCommit || i + 1 == legs.size());
      Require((leg.task == LegTask::kCommit) == (leg.execution.phase == Phase::kCommit));
      if (leg.task == LegTask::kSetSavepoint) ++open_savepoints;
      if (leg.task == LegTask::kReleaseSavepoint) --open_savepoints;
      Require(open_savepoints == 0 || open_savepoints == 1);
      Require(leg.task != LegTask::kCommit || turn[leg.part].commits);
    }
    Require(open_savepoints == 0);
    // Only the last may commit, be refused, or stream rows.
    for (size_t p = 0; p + 1 < turn.size(); ++p) {
      Require(!turn[p].commits && turn[p].refused.ok() && !turn[p].request.has_query());
    }
    // Whose statement failed is known when its savepoint is rolled back.
    if (has_auto_savepoint_) {
      size_t statements = 0;
      for (const TurnPart& each : turn) statements += each.statement.has_value() ? 1 : 0;
      Require(statements <= 1 || !turn.front().begin.has_value() ||
              !turn.front().statement.has_value());
    }
  }

  void Land(const std::vector<TurnPart>& turn, const std::vector<TurnLeg>& legs,
            size_t failing) {
    const bool has_commit = !legs.empty() && legs.back().task == LegTask::kCommit;
    const bool has_failed = failing != 0 && failing <= legs.size();
    if (has_failed && legs[failing - 1].task == LegTask::kBegin) {
      is_broken_ = true;
      return;
    }
    if (!legs.empty()) machine_.OnStatementEnd(!has_failed);
    const bool commits = turn.back().commits;
    if (!commits) return;
    // COMMIT in the flight, or after its rows, or a rollback instead.
    Require(has_commit || turn.back().request.has_query() || !turn.back().refused.ok());
    machine_.OnEnded();
  }

  std::deque<Sent> requests_;
  TransactionMachine machine_;
  bool has_auto_savepoint_ = false;
  bool is_broken_ = false;
};

}  // namespace
}  // namespace pgsluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pgsluice::Walk(pgsluice::Read({data, size})).Run();
  return 0;
}
