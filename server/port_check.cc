#include "server/port_check.h"

#include "asio/io_context.hpp"
#include "asio/ip/tcp.hpp"

#include "pool/str_cat.h"

namespace pgsluice {

absl::Status CheckPortIsFree(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (address.empty() || colon == std::string::npos) return absl::OkStatus();
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);

  asio::io_context loop;
  asio::ip::tcp::resolver resolver(loop);
  asio::error_code error;
  const auto found =
      resolver.resolve(host, port, asio::ip::tcp::resolver::passive, error);
  if (error) {
    return absl::InvalidArgumentError(
        StrCat("cannot listen on ", address, ": ", error.message()));
  }
  for (const auto& entry : found) {
    asio::ip::tcp::acceptor acceptor(loop);
    acceptor.open(entry.endpoint().protocol(), error);
    if (error) continue;  // No such protocol here; gRPC will use another.
    // As gRPC does: connections of an earlier gateway may still be closing.
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
    acceptor.bind(entry.endpoint(), error);
    if (!error) acceptor.listen(1, error);
    if (error == asio::error::address_in_use) {
      return absl::AlreadyExistsError(
          StrCat("cannot listen on ", address, ": the port is taken by another process"));
    }
    if (error) {
      return absl::UnavailableError(
          StrCat("cannot listen on ", address, ": ", error.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace pgsluice
