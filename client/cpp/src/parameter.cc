#include "pgsluice/client/parameter.h"

#include "absl/time/time.h"

namespace pgsluice::client {

Parameter::Parameter(absl::Time time) {
  if (time == absl::InfiniteFuture()) {
    value_.set_text("infinity");
  } else if (time == absl::InfinitePast()) {
    value_.set_text("-infinity");
  } else {
    value_.set_text(
        absl::FormatTime("%E4Y-%m-%d %H:%M:%E6S+00", time, absl::UTCTimeZone()));
  }
}

}  // namespace pgsluice::client
