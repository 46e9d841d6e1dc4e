#include "pool/route_explanation.h"

#include "pool/outlier_detector.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

std::string Text(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Milliseconds(1)));
}

std::string WhyUnreachable(const EndpointView& view) {
  if (!view.last.has_value()) return "it has not been probed yet";
  if (!view.last->ok) return view.last->error;
  return "it has not answered its probes in time";
}

std::string WhyLagging(const EndpointView& view) {
  std::string why = "it is behind the primary";
  if (view.lag.time.has_value()) StrAppend(&why, " for ", Text(*view.lag.time));
  if (view.lag.bytes.has_value()) StrAppend(&why, " by ", *view.lag.bytes, " bytes");
  StrAppend(&why, ", or has not been within the bound for long enough");
  return why;
}

std::string WhyEjected(const EndpointView& view, absl::Time now) {
  if (!view.ejection.has_value()) return "";
  return StrCat("it was ejected ", Text(now - view.ejection->since), " ago for ",
                TroubleName(view.ejection->why));
}

}  // namespace

std::string ExplainRejection(Rejection rejection, const EndpointView& view, Role wanted,
                             absl::Time now) {
  switch (rejection) {
    case Rejection::kNone:
    case Rejection::kCount: return "";
    case Rejection::kNoRole:
      return view.problem.empty() ? WhyUnreachable(view) : StrCat("it ", view.problem);
    case Rejection::kOtherRole:
      return wanted == Role::kPrimary ? "it is a replica, and the call needs the primary"
                                      : "it is the primary, and reads go to replicas";
    case Rejection::kUnreachable: return WhyUnreachable(view);
    case Rejection::kDoubted:
      return "it has refused a write and is being asked for its role";
    case Rejection::kLagging: return WhyLagging(view);
    case Rejection::kNoWeight: return "its weight is 0";
    case Rejection::kEjected: return WhyEjected(view, now);
    case Rejection::kStale: return "it is not known to be fresh enough for the read";
    case Rejection::kPaused: return "it is paused (AdminService/Pause)";
    case Rejection::kAvoided: return "the read has failed there already";
  }
  return "";
}

}  // namespace pgsluice
