// Whether a connection is waste: its calls are given up before their messages are here,
// or bytes come over it that are nobody's message. Both cost gRPC 1.51 much, and the
// sender next to nothing (decision 40). Rules file.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

#include "server/connection_cut.h"

namespace pgsluice {

// What gRPC has counted of a connection's calls since it was opened.
struct CallCounts {
  uint64_t begun = 0;
  uint64_t answered = 0;   // Over, with a status of ours.
  uint64_t abandoned = 0;  // Over without.
  uint64_t received = 0;   // Messages, whole ones.

  bool operator==(const CallCounts&) const = default;
};

struct ConnectionFacts {
  uint64_t read_bytes = 0;  // Since it was opened, as both of these.
  uint64_t sent_bytes = 0;
  CallCounts calls;
};

// 0: no limit.
struct WasteLimits {
  uint64_t abandoned_per_second = 0;
  uint64_t max_bytes_without_message = 0;

  bool operator==(const WasteLimits&) const = default;
};

class WasteMeter final {
 public:
  // As many seconds' worth of abandoned calls may come at once. A gateway that was held
  // up for a while sees calls only after their callers have given them up.
  static constexpr int kBurstSeconds = 5;

  explicit WasteMeter(absl::Time opened) : last_look_(opened) {}

  // Why it is to be cut, if it is. `facts` are as they are now; `max_request_bytes`: of
  // one message.
  std::optional<CutReason> Judge(const ConnectionFacts& facts, const WasteLimits& limits,
                                 uint64_t max_request_bytes, absl::Time now);

 private:
  bool AbandonsTooMany(const CallCounts& calls, uint64_t per_second, absl::Time now);
  bool SendsTooMuch(const ConnectionFacts& facts, uint64_t cap,
                    uint64_t max_request_bytes, absl::Time now);

  absl::Time last_look_;
  ConnectionFacts last_;        // At that time.
  double abandoned_ = 0;        // What the bucket holds.
  uint64_t useless_bytes_ = 0;  // Since the last message or answer.
  // When they became more than anybody can make use of.
  absl::Time useless_since_ = absl::InfiniteFuture();
};

}  // namespace pgsluice
