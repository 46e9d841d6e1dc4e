// One HTTP request to a server on this machine, as the REST API of Patroni takes it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pgsluice::testing {

struct HttpAnswer {
  int code = 0;
  std::string body;
};

// `body` is JSON, or empty. Fails when there is no answer within `limit`.
absl::StatusOr<HttpAnswer> CallHttp(int port, std::string_view method,
                                    std::string_view path, std::string_view body,
                                    absl::Duration limit);

}  // namespace pgsluice::testing
