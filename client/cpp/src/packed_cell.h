// From PostgreSQL's text of a cell (PACKED) to the value that VALUES would have sent.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

#include "pgsluice/v1/value.pb.h"

namespace pgsluice::client {

// Not for NULL. Arrays and every type without a kind of its own come as text.
absl::StatusOr<v1::Value> ValueFromText(std::string_view text,
                                        std::string_view type_name);

}  // namespace pgsluice::client
