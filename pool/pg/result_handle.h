// Owns a PGresult.
#pragma once

#include <memory>

#include <libpq-fe.h>

namespace pgsluice {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, FreeResult>;

}  // namespace pgsluice
