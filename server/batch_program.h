// A batch, checked and cut into flights: what can be sent together. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/v1/batch.pb.h"
#include "pool/result.h"
#include "pool/statement.h"
#include "server/convert/statement_from_proto.h"
#include "server/statement_source.h"

namespace pgsluice {

struct BatchStepPlan {
  Statement statement;
  std::string_view name = {};  // The request's; empty: it has sent SQL.
  std::vector<v1::CellParameter> cells;
  v1::Expectation expect;
  bool has_expectation = false;
  StatementTerms terms = {};
  std::optional<std::vector<TypeOid>> types = {};  // See NamedStatement.
};

struct BatchProgram {
  std::vector<BatchStepPlan> steps;
  bool is_atomic = true;
  uint32_t max_attempts = 1;
  // Of one step, and the caller knows of no batch: errors do not name the step.
  bool is_query = false;

  bool HasExpectations() const;
  // That of a batch whose caller names none: a read when all steps say that they are.
  Intent DefaultIntent() const;
  // Most time for all steps, if each has a limit of its own; else zero: none.
  absl::Duration MaxDuration() const;
};

struct BatchLimits {
  StatementSource statement;
  size_t max_steps = 1000;
};

// Errors name the step: "steps[3].statement.sql". The request must outlive the program.
absl::StatusOr<BatchProgram> BatchFromProto(const v1::BatchRequest& request,
                                            const BatchLimits& limits);

// First steps of the flights, in order; the first is 0. A step that takes cells of an
// earlier one is sent when that one's result is there.
std::vector<size_t> CutIntoFlights(const BatchProgram& program);

// Whether all steps may run in a batch that only reads.
absl::Status CheckMayRead(const BatchProgram& program);

// What is known of a step's result when its expectation is judged.
struct StepOutcome {
  uint64_t rows = 0;
  uint64_t rows_affected = 0;
  std::optional<std::string> first_cell;  // Absent: NULL, or no row.
};

// OK, or EXPECTATION_FAILED saying what was expected and what there was.
absl::Status CheckExpectation(const v1::Expectation& expect, const StepOutcome& outcome);

// The same error, naming the step. Keeps all that it says else.
absl::Status AtStep(size_t step, const absl::Status& error);

}  // namespace pgsluice
