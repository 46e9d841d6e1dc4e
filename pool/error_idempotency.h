// Errors around idempotency keys.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

#include "pool/error.h"

namespace pgsluice {

// The gateway keeps no keys.
absl::Status IdempotencyOff();
// The table of keys (its name quoted) cannot be used, because of `why`, a clause. It will
// be looked at again soon.
absl::Status IdempotencyTableUnusable(std::string_view table, std::string_view why);
// The key came with another request before.
absl::Status IdempotencyKeyReused();
// The answer is too long to be recorded; the write is rolled back.
absl::Status OutcomeTooLarge(uint64_t bytes, uint64_t limit);
// The key was there, and was gone when its outcome was to be read: forgotten just now.
absl::Status IdempotencyKeyGone();
// What is recorded with the key cannot be read, because of `why`, a clause.
absl::Status OutcomeUnreadable(std::string_view why);

// An error of a call that had a key. What has an unknown outcome, or was to be run as a
// transaction again, may be sent again within `scope`, which is all of the call.
absl::Status WithKey(const absl::Status& error, RetryScope scope);

}  // namespace pgsluice
