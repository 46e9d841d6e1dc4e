// When the process takes too much memory and goes on taking more, whose connection is
// cut: that of the peer that sends most. gRPC 1.51 can be made to take memory by bytes
// that never become a call, and has no means against it (decision 37). Rules file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace pgsluice {

// What has come over each connection, by descriptor.
struct Received {
  uint64_t inode = 0;   // Of its socket: a descriptor may come again.
  uint64_t bytes = 0;   // Since it was opened.
  uint64_t unread = 0;  // Of these, what waits to be read.
};
using ReceivedByDescriptor = std::map<int, Received>;

class MemoryGuard final {
 public:
  // Between two looks.
  static constexpr int kIntervalMilliseconds = 50;
  // What may be taken on top before another connection is cut. Memory that has been taken
  // once is rarely given back, and is used again: only what is taken anew counts.
  static constexpr uint64_t kStepBytes = 32 << 20;
  // Who has sent less is not to blame. Little is enough to take much: a call of 200 bytes
  // that is cancelled at once takes gRPC 13 KiB.
  static constexpr uint64_t kLoudBytes = 64 << 10;

  // 0: never.
  explicit MemoryGuard(uint64_t max_bytes) : max_bytes_(max_bytes), mark_(max_bytes) {}

  bool is_on() const { return max_bytes_ > 0; }
  void set_max_bytes(uint64_t max_bytes);

  enum class Step {
    kRest,
    kSample,  // Look at what each connection has received.
    kCut,     // Look again, and cut the loudest since.
  };
  Step Next(uint64_t resident_bytes);

 private:
  uint64_t max_bytes_;
  uint64_t mark_;  // Above it, one is cut.
  bool has_sample_ = false;
};

// The descriptor over which most has come in between, or waits to be read; nobody's, if
// none is loud.
std::optional<int> LoudestOf(const ReceivedByDescriptor& before,
                             const ReceivedByDescriptor& after);

}  // namespace pgsluice
