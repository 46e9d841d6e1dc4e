// Whether what is seen of an endpoint is good or bad, by thresholds. Rules file.
//
// The two bounds of an alert: a value is bad beyond its threshold, and good again at 80%
// of it. Of idle sessions there must be one more than the threshold asks for.
#pragma once

#include "pool/alert.h"
#include "pool/alert_latch.h"
#include "pool/sample.h"

namespace pgsluice {

// What alerts look at.
struct AlertReading {
  const Sample& now;
  // Of the samples in the history.
  double error_rate = 0;
  size_t failures = 0;
};

bool IsWatched(AlertKind kind, const AlertOptions& options);

// Few idle sessions are bad only in a pool that is as large as it may get: one that has
// shrunk, or still grows, has room. One failed sample alone is no error rate.
AlertLevel LevelOf(AlertKind kind, const AlertOptions& options,
                   const AlertReading& reading);

// The numbers behind the level; a value that is not known is zero.
AlertValue ValueOf(AlertKind kind, const AlertOptions& options,
                   const AlertReading& reading);

}  // namespace pgsluice
