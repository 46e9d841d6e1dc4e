// What the connections of a listening port still have to deliver.
#pragma once

#include <cstddef>
#include <string>

namespace pgsluice {

// Bytes of this process that the peers' systems have not acknowledged, and bytes that
// came and have not been read, over all connections that were accepted at `address`
// ("host:port" or "unix:/path"). 0 for an empty address. Reads the list of open files:
// not for the request path.
size_t CountUndeliveredBytes(const std::string& address, int port);

}  // namespace pgsluice
