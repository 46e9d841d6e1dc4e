#include "pool/pg/endpoint_files.h"

#include <utility>

#include "pool/error.h"

namespace pgsluice {

asio::awaitable<absl::StatusOr<ConnectionParameters>> ReadParameters(
    EndpointFiles files, std::shared_ptr<ConninfoCompletion> read) {
  Endpoint endpoint = files.endpoint;
  if (!endpoint.is_composed()) co_return ParseConninfo(endpoint);
  files.thread->Run([read, endpoint, read_conninfo = files.read_conninfo] {
    read->Set(read_conninfo(endpoint));
  });
  absl::StatusOr<std::string> text = co_await read->Wait();
  if (!text.ok())
    co_return ConnectFailed(LabelOf(endpoint), std::string(text.status().message()));
  endpoint.conninfo = *std::move(text);
  co_return ParseConninfo(endpoint);
}

}  // namespace pgsluice
