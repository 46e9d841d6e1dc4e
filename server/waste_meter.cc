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

uint64_t Above(uint64_t value, uint64_t floor) {
  return value > floor ? value - floor : 0;
}

// Each call under way may have one message that is not whole yet.
uint64_t AllowedBytes(const CallCounts& calls, const CallBounds& bounds) {
  const uint64_t open =
      std::min(Above(calls.begun, calls.answered + calls.abandoned), bounds.max_calls);
  const uint64_t one_message =
      bounds.max_request_bytes + bounds.max_request_bytes / kFraming + kBesideMessage;
  // One more, whose call has ended meanwhile.
  return (open + 1) * one_message + kBesideCalls;
}

}  // namespace

std::optional<CutReason> WasteMeter::Judge(const ConnectionFacts& facts,
                                           const WasteLimits& limits,
                                           const CallBounds& bounds, absl::Time now) {
  const bool abandons = AbandonsTooMany(facts.calls, limits.abandoned_per_second, now);
  const bool sends = SendsTooMuch(facts, limits.max_bytes_without_message, bounds);
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
                              const CallBounds& bounds) {
  const bool has_progress = facts.calls.received > last_.calls.received ||
                            facts.calls.answered > last_.calls.answered;
  if (has_progress) {
    useless_bytes_ = 0;
  } else {
    useless_bytes_ = Above(useless_bytes_ + Above(facts.read_bytes, last_.read_bytes),
                           Above(facts.sent_bytes, last_.sent_bytes));
  }
  return cap > 0 && useless_bytes_ > std::min(cap, AllowedBytes(facts.calls, bounds));
}

}  // namespace pgsluice
