// How long to wait between two questions to a replica for how far it is. Rules file.
#pragma once

#include "absl/time/time.h"

namespace pgsluice {

class ReplayPace final {
 public:
  // It has moved on: what is waited for may be near.
  absl::Duration OnProgress();
  // It has not: less often from time to time.
  absl::Duration OnNothingNew();
  // It did not answer.
  absl::Duration OnFailure();

 private:
  absl::Duration pause_;
  absl::Duration failure_pause_;
};

}  // namespace pgsluice
