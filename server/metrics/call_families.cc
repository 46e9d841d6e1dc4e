// Admission, transactions, commits in doubt, idempotency keys.
#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

namespace {

void AddAdmission(const AdmissionTotals& admission, Families& families) {
  families.push_back(
      Gauge("pgsluice_calls_in_progress",
            "Calls that are admitted and have not ended, with transactions",
            static_cast<double>(admission.calls)));
  families.push_back(Gauge("pgsluice_calls_max",
                           "Most of them at a time (limits.max_calls)",
                           static_cast<double>(admission.max_calls)));
  Family refused{.type = FamilyType::kCounter,
                 .name = "pgsluice_admission_rejected_total",
                 .labels = {"reason"},
                 .help = "Calls refused on arrival, without a look at any pool"};
  refused.Add({"max_calls"}, admission.refused_calls);
  refused.Add({"max_transactions"}, admission.refused_transactions);
  refused.Add({"draining"}, admission.refused_draining);
  families.push_back(std::move(refused));
}

void AddTransactions(const GatewaySnapshot& snapshot, Families& families) {
  Family ended{.type = FamilyType::kCounter,
               .name = "pgsluice_transactions_total",
               .labels = {"kind", "outcome"},
               .help =
                   "Transactions that have ended, of Transaction calls (stream) and "
                   "atomic batches (batch); each attempt at a batch is one"};
  Family time{.type = FamilyType::kHistogram,
              .name = "pgsluice_transaction_duration_seconds",
              .labels = {"kind"},
              .help = "How long they held their session, until their end was known"};
  for (size_t i = 0; i < snapshot.shards.transactions.size(); ++i) {
    const std::string_view kind = TransactionKindName(static_cast<TransactionKind>(i));
    const TransactionTotals& totals = snapshot.shards.transactions[i];
    for (size_t end = 0; end < kTransactionOutcomes; ++end) {
      ended.Add({kind, TransactionOutcomeName(static_cast<TransactionOutcome>(end))},
                totals.ended[end]);
    }
    time.Add({kind}, totals.time);
  }
  families.push_back(std::move(ended));
  families.push_back(std::move(time));
  families.push_back(Gauge("pgsluice_transactions_in_progress",
                           "Transaction calls that have not ended",
                           static_cast<double>(snapshot.admission.transactions)));
  families.push_back(Gauge("pgsluice_transactions_max",
                           "Most of them at a time (limits.max_transactions)",
                           static_cast<double>(snapshot.admission.max_transactions)));
}

void AddDoubt(const GatewaySnapshot& snapshot, Families& families) {
  Family found{.type = FamilyType::kCounter,
               .name = "pgsluice_commits_in_doubt_total",
               .labels = {"outcome"},
               .help =
                   "Commits whose answer was not seen, or that ResolveTransaction "
                   "asked for, by what was found out"};
  found.Add({"committed"}, snapshot.commits.committed);
  found.Add({"aborted"}, snapshot.commits.aborted);
  found.Add({"unknown"}, snapshot.commits.unknown);
  families.push_back(std::move(found));
  families.push_back(Gauge("pgsluice_commits_in_doubt_open",
                           "Commits that are being found out about",
                           static_cast<double>(snapshot.commits.open)));
  families.push_back(
      Counter("pgsluice_idempotency_replays_total",
              "Writes with an idempotency key that was there already, and whose recorded "
              "answer was returned",
              static_cast<double>(snapshot.shards.idempotency_replays)));
}

}  // namespace

void AddCallFamilies(const GatewaySnapshot& snapshot, Families& families) {
  AddAdmission(snapshot.admission, families);
  AddTransactions(snapshot, families);
  AddDoubt(snapshot, families);
}

}  // namespace pgsluice
