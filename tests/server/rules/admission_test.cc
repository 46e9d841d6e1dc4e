#include "server/admission.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

using Kind = Admission::Kind;

std::string ReasonOf(const absl::StatusOr<Admission::Ticket>& ticket) {
  return ticket.ok() ? "" : DetailsOf(ticket.status())->reason;
}

TEST(AdmissionTest, GivesThePlaceBackWithTheTicket) {
  Admission admission({.max_calls = 1, .max_transactions = 1});
  {
    auto ticket = admission.Admit(Kind::kTransaction);
    ASSERT_TRUE(ticket.ok());
    EXPECT_EQ(admission.calls(), 1u);
    EXPECT_EQ(admission.transactions(), 1u);
    EXPECT_EQ(ReasonOf(admission.Admit(Kind::kStatement)), "TOO_MANY_CALLS");
  }

  EXPECT_EQ(admission.calls(), 0u);
  EXPECT_EQ(admission.transactions(), 0u);
  EXPECT_TRUE(admission.Admit(Kind::kStatement).ok());
}

TEST(AdmissionTest, GivesBackOnceHoweverOftenTheTicketMoves) {
  Admission admission({});
  {
    auto first = admission.Admit(Kind::kStatement);
    Admission::Ticket second = *std::move(first);
    Admission::Ticket third = std::move(second);
    EXPECT_EQ(admission.calls(), 1u);
  }

  EXPECT_EQ(admission.calls(), 0u);
}

TEST(AdmissionTest, LimitsTransactionsApartFromStatements) {
  Admission admission({.max_calls = 5, .max_transactions = 1});
  auto transaction = admission.Admit(Kind::kTransaction);

  const auto refused = admission.Admit(Kind::kTransaction);

  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(admission.Admit(Kind::kStatement).ok());
  EXPECT_EQ(admission.calls(), 1u) << "a refusal takes no place";
}

TEST(AdmissionTest, NamesTheLimitThatWasMet) {
  Admission admission({.max_calls = 2, .max_transactions = 1});
  auto first = admission.Admit(Kind::kTransaction);
  EXPECT_NE(admission.Admit(Kind::kTransaction).status().message().find(" 1 calls"),
            std::string::npos);

  auto second = admission.Admit(Kind::kStatement);
  Admission all({.max_calls = 2, .max_transactions = 100});
  auto a = all.Admit(Kind::kStatement);
  auto b = all.Admit(Kind::kStatement);
  EXPECT_NE(all.Admit(Kind::kTransaction).status().message().find(" 2 calls"),
            std::string::npos)
      << all.Admit(Kind::kTransaction).status();
}

TEST(AdmissionTest, TakesStatementsWhileItRefusesTransactions) {
  Admission admission({});
  admission.RefuseTransactions();

  EXPECT_EQ(ReasonOf(admission.Admit(Kind::kTransaction)), "DRAINING");
  EXPECT_TRUE(admission.Admit(Kind::kStatement).ok());
}

TEST(AdmissionTest, TakesNothingOnceItRefusesAll) {
  Admission admission({});
  auto before = admission.Admit(Kind::kStatement);
  admission.RefuseAll();

  EXPECT_EQ(ReasonOf(admission.Admit(Kind::kStatement)), "DRAINING");
  EXPECT_EQ(ReasonOf(admission.Admit(Kind::kTransaction)), "DRAINING");
  EXPECT_EQ(admission.calls(), 1u) << "who is in stays in";
}

TEST(AdmissionTest, NeverAdmitsMoreThanItsLimitUnderThreads) {
  constexpr size_t kLimit = 3;
  Admission admission({.max_calls = kLimit, .max_transactions = kLimit});
  std::atomic<size_t> inside{0};
  std::atomic<size_t> most{0};
  std::vector<std::thread> threads;

  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < 5000; ++call) {
        auto ticket =
            admission.Admit(call % 2 == 0 ? Kind::kStatement : Kind::kTransaction);
        if (!ticket.ok()) continue;
        const size_t now = ++inside;
        size_t seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_LE(most, kLimit);
  EXPECT_EQ(admission.calls(), 0u);
  EXPECT_EQ(admission.transactions(), 0u);
}

TEST(AdmissionTest, CountsWhatItRefusesByWhy) {
  Admission admission({.max_calls = 2, .max_transactions = 1});
  {
    auto first = admission.Admit(Kind::kTransaction);
    (void)admission.Admit(Kind::kTransaction);
    auto second = admission.Admit(Kind::kStatement);
    (void)admission.Admit(Kind::kStatement);
    (void)admission.Admit(Kind::kStatement);
  }
  admission.RefuseTransactions();
  (void)admission.Admit(Kind::kTransaction);

  const Admission::Refusals refusals = admission.refusals();
  EXPECT_EQ(refusals.transactions, 1u);
  EXPECT_EQ(refusals.calls, 2u);
  EXPECT_EQ(refusals.draining, 1u);
  EXPECT_EQ(admission.limits().max_calls, 2u);
}

}  // namespace
}  // namespace pgsluice
