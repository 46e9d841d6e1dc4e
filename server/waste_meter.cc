#include "server/waste_meter.h"

#include <algorithm>

namespace pgsluice {

namespace {

// What a call may bring beside its message: headers, and a window's worth before gRPC
// notices that it is over.
constexpr uint64_t kBesideMessage = 64 << 10;
// Of a connection, whatever its calls: handshakes, pings.
constexpr uint64_t kBesideCalls = 1 << 20;
// Frames and records of TLS around a message take less than a sixteenth of it.
constexpr uint64_t kFraming = 16;
// A message that is too large is refused at its beginning. What its sender sends before
// it has read so is not to cost it the answer.
constexpr absl::Duration kGrace = absl::Milliseconds(500);

uint64_t Above(uint64_t value, uint64_t floor) {
  return value > floor ? value - floor : 0;
}

// Each call under way may have one message that is not whole yet; and one whose call has
// ended meanwhile.
uint64_t UsefulBytes(const CallCounts& calls, uint64_t max_request_bytes) {
  const uint64_t open = Above(calls.begun, calls.answered + calls.abandoned);
  const uint64_t one_message =
      max_request_bytes + max_request_bytes / kFraming + kBesideMessage;
  return (open + 1) * one_message + kBesideCalls;
}

}  // namespace

std::optional<CutReason> WasteMeter::Judge(const ConnectionFacts& facts,
                                           const WasteLimits& limits,
                                           uint64_t max_request_bytes, absl::Time now) {
  const bool abandons = AbandonsTooMany(facts.calls, limits.abandoned_per_second, now);
  const bool sends =
      SendsTooMuch(facts, limits.max_bytes_without_message, max_request_bytes, now);
  last_ = facts;
  last_look_ = now;
  if (abandons) return CutReason::kAbandonedCalls;
  if (sends) return CutReason::kBytesWithoutMessage;
  return std::nullopt;
}

// A bucket that leaks, and from which messages take out: each its own call, and one more
// for which it makes up, as busy clients with short deadlines give up calls before they
// are sent whole. gRPC is slow to say that a call is over, so calls count from their
// beginning: those whose messages are on their way are taken out when these arrive.
bool WasteMeter::AbandonsTooMany(const CallCounts& calls, uint64_t per_second,
                                 absl::Time now) {
  const uint64_t begun = Above(calls.begun, last_.calls.begun);
  // Calls of one kind bring many messages, those of another are refused without one.
  const uint64_t served = std::max(Above(calls.received, last_.calls.received),
                                   Above(calls.answered, last_.calls.answered));
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(now - last_look_));
  const auto rate = static_cast<double>(per_second);
  abandoned_ +=
      static_cast<double>(begun) - 2 * static_cast<double>(served) - rate * seconds;
  abandoned_ = std::max(0.0, abandoned_);
  return per_second > 0 && abandoned_ > rate * kBurstSeconds;
}

// What is sent explains as much of what comes: windows are opened anew, pings answered.
bool WasteMeter::SendsTooMuch(const ConnectionFacts& facts, uint64_t cap,
                              uint64_t max_request_bytes, absl::Time now) {
  const bool has_progress = facts.calls.received > last_.calls.received ||
                            facts.calls.answered > last_.calls.answered;
  if (has_progress) {
    useless_bytes_ = 0;
  } else {
    useless_bytes_ = Above(useless_bytes_ + Above(facts.read_bytes, last_.read_bytes),
                           Above(facts.sent_bytes, last_.sent_bytes));
  }
  if (useless_bytes_ <= UsefulBytes(facts.calls, max_request_bytes)) {
    useless_since_ = absl::InfiniteFuture();
  } else {
    useless_since_ = std::min(useless_since_, now);
  }
  return cap > 0 && (useless_bytes_ > cap || now - useless_since_ >= kGrace);
}

}  // namespace pgsluice
