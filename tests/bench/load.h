// Somebody who keeps a number of requests in flight until told when to stop.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pgsluice::bench {

// Requests that end in it are counted.
struct Window {
  absl::Time begin;
  absl::Time end;
};

class Load {
 public:
  virtual ~Load() = default;

  // CPU seconds of the client so far.
  virtual double client_cpu() const = 0;
  // Once the window has passed: the latencies, in milliseconds, of the requests that
  // ended in it. An error when any answer was wrong.
  virtual absl::StatusOr<std::vector<double>> Finish(Window window) = 0;
};

}  // namespace pgsluice::bench
