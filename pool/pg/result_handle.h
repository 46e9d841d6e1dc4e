// Owns a PGresult.
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace pgsluice {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, FreeResult>;

}  // namespace pgsluice
