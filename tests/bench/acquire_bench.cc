#include "tests/bench/acquire_bench.h"

#include <deque>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "pool/endpoint_pool.h"
#include "tests/testing/fake_session.h"

namespace pgsluice::bench {
namespace {

constexpr size_t kSessions = 10;
constexpr size_t kWaiters = 1000;
constexpr int kLeases = 200'000;
constexpr double kMaxIdleMicros = 2;
constexpr double kMaxContendedMicros = 5;

// Sessions that are there, all idle.
class IdlePool final {
 public:
  IdlePool() : connector_(std::make_shared<testing::FakeConnector>()) {
    PoolOptions options;
    options.min_size = kSessions;
    options.max_size = kSessions;
    options.max_waiters = kWaiters;
    options.max_concurrent_connects = kSessions;
    options.connect_burst = kSessions;
    options.max_uses = 0;
    options.max_lifetime = absl::InfiniteDuration();
    pool_ = std::make_shared<EndpointPool>(EndpointPoolDeps{.endpoint = "none",
                                                            .role = Role::kPrimary,
                                                            .options = options,
                                                            .connector = connector_,
                                                            .clock = &clock_});
    pool_->Maintain();
    while (connector_->Succeed() != nullptr) pool_->Maintain();
  }

  EndpointPool& pool() { return *pool_; }
  bool is_full() const { return pool_->Stats().idle == kSessions; }

 private:
  const std::shared_ptr<testing::FakeConnector> connector_;
  SystemClock clock_;
  std::shared_ptr<EndpointPool> pool_;
};

AcquireRequest Request() {
  return {.shard = 0, .deadline = absl::Now() + absl::Hours(1)};
}

double MicrosEach(absl::Time begun, int count) {
  return absl::ToDoubleMicroseconds(absl::Now() - begun) / count;
}

absl::StatusOr<double> MeasureIdle() {
  IdlePool idle;
  if (!idle.is_full()) return absl::InternalError("the pool did not fill");
  const absl::Time begun = absl::Now();
  for (int i = 0; i < kLeases; ++i) {
    auto acquired = idle.pool().Acquire(Request(), [](absl::StatusOr<Lease>) {});
    if (!acquired.ok()) return acquired.status();
    if (!std::holds_alternative<Lease>(*acquired)) {
      return absl::InternalError("an idle session was not handed out");
    }
    std::get<Lease>(*acquired).Return();
  }
  return MicrosEach(begun, kLeases);
}

// Every session returned goes to the oldest of a thousand waiters; one more joins them.
absl::StatusOr<double> MeasureContended() {
  IdlePool contended;
  if (!contended.is_full()) return absl::InternalError("the pool did not fill");
  std::deque<Lease> leases;
  absl::Status refused;
  const auto take = [&](absl::StatusOr<Lease> lease) {
    if (lease.ok()) {
      leases.push_back(*std::move(lease));
    } else {
      refused = lease.status();
    }
  };
  const auto join = [&] {
    auto acquired = contended.pool().Acquire(Request(), take);
    if (!acquired.ok()) {
      refused = acquired.status();
    } else if (Lease* lease = std::get_if<Lease>(&*acquired); lease != nullptr) {
      leases.push_back(std::move(*lease));
    }
  };
  for (size_t i = 0; i < kSessions + kWaiters; ++i) join();
  const absl::Time begun = absl::Now();
  for (int i = 0; i < kLeases && refused.ok(); ++i) {
    Lease lease = std::move(leases.front());
    leases.pop_front();
    lease.Return();
    join();
    if (leases.size() != kSessions) return absl::InternalError("a session was lost");
  }
  const double micros = MicrosEach(begun, kLeases);
  if (contended.pool().Stats().waiters != kWaiters) {
    return absl::InternalError("a waiter was lost");
  }
  return refused.ok() ? absl::StatusOr<double>(micros) : refused;
}

void AddTarget(const char* what, double wanted, double measured, Report& report) {
  report.AddTarget({.what = what,
                    .wanted = absl::StrCat("<= ", Decimal(wanted, 0), " us"),
                    .measured = Decimal(measured, 2) + " us",
                    .is_reached = measured <= wanted});
}

}  // namespace

absl::Status RunAcquireBench(Rig& /*rig*/, const BenchOptions& /*options*/,
                             Report& report) {
  const auto idle = MeasureIdle();
  if (!idle.ok()) return idle.status();
  const auto contended = MeasureContended();
  if (!contended.ok()) return contended.status();
  report.AddText(absl::StrCat("### A lease, without a statement\n\nA pool of ", kSessions,
                              " sessions that do nothing; ", kLeases, " leases."));
  report.AddTable(
      {.header = {"acquire and return", "us"},
       .rows = {{"from an idle pool", Decimal(*idle, 2)},
                {absl::StrCat("among ", kWaiters, " waiters"), Decimal(*contended, 2)}}});
  AddTarget("acquire and return, idle pool", kMaxIdleMicros, *idle, report);
  AddTarget("acquire and return, 1000 waiters", kMaxContendedMicros, *contended, report);
  return absl::OkStatus();
}

}  // namespace pgsluice::bench
