// The policies of all callers, with the calls that are in progress under each; shared by
// all shards, and replaced as a whole.
#pragma once

#include <memory>
#include <vector>

#include "server/admission.h"
#include "server/caller_policy.h"

namespace pgsluice {

struct CallerBook {
  std::vector<CallerPolicy> policies;
  // Of each policy. Shared with calls in progress, and with the books before and after:
  // what is in progress counts on.
  std::vector<std::shared_ptr<Admission>> admissions;
};

// `before`: the book until now; null: none. An entry with the same pattern counts on.
std::shared_ptr<const CallerBook> MakeCallerBook(std::vector<CallerPolicy> policies,
                                                 const CallerBook* before);

}  // namespace pgsluice
