// The line of --report: where a statement ran and what took its time.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"

#include "pgsluice/v1/query.pb.h"

namespace pgsluice::cli {

std::string QueryReport(const v1::Route& route, const v1::Timing& timing,
                        absl::Duration total);

// Its second line, for a write: the token, in base64; empty without one.
std::string TokenReport(const std::string& token);

// "0.4 ms", "1.25 s", "2 h 3 min": for people.
std::string DurationText(absl::Duration duration);
absl::Duration ToDuration(const google::protobuf::Duration& message);

}  // namespace pgsluice::cli
