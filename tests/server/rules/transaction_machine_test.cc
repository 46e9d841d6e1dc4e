#include "server/transaction_machine.h"

#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

using State = TransactionMachine::State;
using Request = TransactionMachine::Request;
using Step = TransactionMachine::Step;

constexpr State kStates[] = {State::kAwaitingBegin, State::kActive, State::kFailed,
                             State::kEnded};
constexpr Request kRequests[] = {
    Request::kBegin,      Request::kExecute, Request::kQuery,  Request::kSavepoint,
    Request::kRollbackTo, Request::kRelease, Request::kCommit, Request::kRollback};

TransactionMachine In(State state) {
  TransactionMachine machine;
  if (state == State::kAwaitingBegin) return machine;
  machine.OnBegun();
  if (state == State::kFailed) machine.OnStatementEnd(/*is_transaction_good=*/false);
  if (state == State::kEnded) machine.OnEnded();
  return machine;
}

TEST(TransactionMachineTest, DecidesEveryRequestInEveryState) {
  constexpr Step kBegin = Step::kBegin, kRun = Step::kRunStatement,
                 kCommit = Step::kCommit, kRollback = Step::kRollback,
                 kUndo = Step::kRollbackFailed, kRefuse = Step::kRefuse,
                 kSkip = Step::kSkip, kBreak = Step::kBreakStream;
  // Rows as kStates, columns as kRequests:
  //  begin    execute  query    savepoint rollback_to release commit  rollback
  constexpr Step kTable[4][8] = {
      {kBegin, kBreak, kBreak, kBreak, kBreak, kBreak, kBreak, kBreak},
      {kRefuse, kRun, kRun, kRun, kRun, kRun, kCommit, kRollback},
      {kRefuse, kSkip, kSkip, kSkip, kRun, kSkip, kUndo, kRollback},
      {kBreak, kBreak, kBreak, kBreak, kBreak, kBreak, kBreak, kBreak},
  };
  for (size_t s = 0; s < 4; ++s) {
    for (size_t r = 0; r < 8; ++r) {
      SCOPED_TRACE(testing::Message()
                   << "state " << s << " " << RequestName(kRequests[r]));
      TransactionMachine machine = In(kStates[s]);
      const TransactionMachine::Decision decision = machine.OnRequest(kRequests[r], 0);

      EXPECT_EQ(decision.step, kTable[s][r]);
      EXPECT_EQ(machine.state(), kStates[s]) << "only what happens moves it";
      const bool is_misuse = decision.step == kRefuse || decision.step == kBreak;
      EXPECT_EQ(decision.error.ok(), !is_misuse);
      if (is_misuse) {
        EXPECT_EQ(decision.error.code(), absl::StatusCode::kFailedPrecondition);
        EXPECT_EQ(DetailsOf(decision.error)->reason, "TRANSACTION_MISUSE");
      }
    }
  }
}

TEST(TransactionMachineTest, FollowsStatements) {
  TransactionMachine machine;
  EXPECT_EQ(machine.state(), State::kAwaitingBegin);
  machine.OnBegun();
  EXPECT_EQ(machine.state(), State::kActive);
  machine.OnStatementEnd(true);
  EXPECT_EQ(machine.state(), State::kActive);
  machine.OnStatementEnd(false);
  EXPECT_EQ(machine.state(), State::kFailed);
  // rollback_to heals it.
  machine.OnStatementEnd(true);
  EXPECT_EQ(machine.state(), State::kActive);
  machine.OnEnded();
  EXPECT_EQ(machine.state(), State::kEnded);
}

TEST(TransactionMachineTest, NeverRevivesAnEndedTransaction) {
  TransactionMachine machine = In(State::kEnded);

  machine.OnStatementEnd(true);

  EXPECT_EQ(machine.state(), State::kEnded);
}

TEST(TransactionMachineTest, BreaksTheStreamWhenSeqDoesNotRise) {
  struct Case {
    uint64_t first, second;
    bool is_good;
  };
  for (const Case& c : {Case{1, 2, true}, Case{1, 100, true}, Case{5, 5, false},
                        Case{5, 4, false}, Case{5, 0, true}, Case{0, 1, true}}) {
    TransactionMachine machine = In(State::kActive);
    EXPECT_EQ(machine.OnRequest(Request::kQuery, c.first).step, Step::kRunStatement);
    EXPECT_EQ(machine.OnRequest(Request::kQuery, c.second).step,
              c.is_good ? Step::kRunStatement : Step::kBreakStream)
        << c.first << " " << c.second;
  }
}

TEST(TransactionMachineTest, RemembersSeqAcrossRequestsWithoutOne) {
  TransactionMachine machine = In(State::kActive);
  machine.OnRequest(Request::kQuery, 7);
  machine.OnRequest(Request::kQuery, 0);

  EXPECT_EQ(machine.OnRequest(Request::kCommit, 7).step, Step::kBreakStream);
}

TEST(TransactionMachineTest, CountsTheSeqOfARefusedRequest) {
  TransactionMachine machine = In(State::kFailed);
  EXPECT_EQ(machine.OnRequest(Request::kBegin, 7).step, Step::kRefuse);

  EXPECT_EQ(machine.OnRequest(Request::kRollback, 7).step, Step::kBreakStream);
}

TEST(TransactionMachineTest, SaysWhichRequestWasWrong) {
  EXPECT_THAT(
      std::string(
          In(State::kAwaitingBegin).OnRequest(Request::kQuery, 0).error.message()),
      testing::HasSubstr("query"));
  EXPECT_THAT(
      std::string(In(State::kFailed).OnRequest(Request::kBegin, 0).error.message()),
      testing::HasSubstr("begun already"));
}

TEST(TransactionMachineTest, NamesRequestsDifferently) {
  std::set<std::string_view> names;
  for (Request request : kRequests) names.insert(RequestName(request));

  EXPECT_EQ(names.size(), std::size(kRequests));
}

}  // namespace
}  // namespace pgsluice
