// The load of Query calls: one thread, one completion queue, a fixed number of calls in
// flight. Every answer is checked.
#pragma once

#include <memory>

#include "tests/bench/gateway_process.h"
#include "tests/bench/load.h"

namespace pgsluice::bench {

inline constexpr char kAccountSql[] =
    "SELECT abalance FROM pgbench_accounts WHERE aid = $1";
// pgbench's scale, and the rows that come of it.
inline constexpr int kScale = 10;
inline constexpr int kAccounts = kScale * 100'000;

// `metadata` goes with every call.
std::unique_ptr<Load> StartGrpcLoad(int port, int in_flight, Metadata metadata = {});

}  // namespace pgsluice::bench
