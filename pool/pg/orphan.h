// A backend whose session is closed while its statement may still run: followed until its
// end is seen.
#pragma once

#include <memory>

#include "asio/any_io_executor.hpp"

#include "pool/cancel_tally.h"
#include "pool/pg/pg_connection.h"

namespace pgsluice {

// Says goodbye on `connection`, and keeps it until the backend has closed its side, or
// the network has given it up (`tcp_user_timeout`); then counts it as gone. On the
// connection's shard.
void FollowOrphan(const asio::any_io_executor& executor,
                  std::unique_ptr<PgConnection> connection,
                  std::shared_ptr<CancelTally> tally);

}  // namespace pgsluice
