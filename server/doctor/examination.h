// Gathers the facts of all endpoints at the same time, a thread each.
#pragma once

#include <optional>
#include <vector>

#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "pool/idempotency.h"
#include "pool/options.h"
#include "server/doctor/facts.h"

namespace pgsluice::doctor {

struct ExaminationPlan {
  std::vector<Endpoint> endpoints;
  std::vector<NamedLogin> logins{};  // Tried with each of them.
  SessionOptions session;
  ConninfoReader read_conninfo;
  std::optional<IdempotencyTable> key_table{};  // Looked at, if given.
  absl::Duration timeout = absl::Seconds(3);    // Of a connect and of each statement.
};

// In the order of the plan. Returns at `deadline` at the latest; an endpoint that is not
// done then is late, and its thread is left to itself: the process is to end soon.
std::vector<EndpointFacts> Examine(const ExaminationPlan& plan, absl::Time deadline);

}  // namespace pgsluice::doctor
