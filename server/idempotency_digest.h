// What makes two requests with one idempotency key the same. Rules file.
#pragma once

#include <string>

#include "pgsluice/v1/batch.pb.h"
#include "server/batch_program.h"

namespace pgsluice {

// SHA-256 (32 bytes) over all that decides what is run and how it is answered:
// statements, parameters, references, expectations, isolation, encoding, and what the
// caller's entry sets (null: nothing). Not over limits, time-outs, tags. Stays the same
// from version to version: it is stored.
std::string DigestOf(const BatchProgram& program, v1::Isolation isolation,
                     v1::RowEncoding encoding, const Statement* settings = nullptr);

}  // namespace pgsluice
