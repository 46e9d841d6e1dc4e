#include "server/batch_program.h"

#include <algorithm>

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

constexpr uint32_t kDefaultAttempts = 3;
constexpr uint32_t kMostAttempts = 10;

std::string StepName(size_t step) { return StrCat("steps[", step, "]"); }

absl::Status CheckCells(const v1::BatchStep& step, size_t index) {
  std::vector<bool> is_given(static_cast<size_t>(step.cell_parameters_size()) +
                             static_cast<size_t>(step.statement().parameters_size()));
  for (int i = 0; i < step.cell_parameters_size(); ++i) {
    const v1::CellParameter& cell = step.cell_parameters(i);
    const std::string field = StrCat(StepName(index), ".cell_parameters[", i, "]");
    if (cell.step() >= index) {
      return InvalidRequest(StrCat(field, ".step"),
                            StrCat("is ", cell.step(), ": not an earlier step"));
    }
    if (cell.parameter() >= is_given.size()) {
      return InvalidRequest(
          StrCat(field, ".parameter"),
          StrCat("is ", cell.parameter(), ": leaves parameters before it without value"));
    }
    if (is_given[cell.parameter()]) {
      return InvalidRequest(StrCat(field, ".parameter"),
                            StrCat("is ", cell.parameter(), ", given twice"));
    }
    is_given[cell.parameter()] = true;
  }
  return absl::OkStatus();
}

// With those that are cells.
size_t CountParameters(const v1::BatchStep& step) {
  auto count = static_cast<size_t>(step.statement().parameters_size());
  for (const v1::CellParameter& cell : step.cell_parameters()) {
    count = std::max<size_t>(count, cell.parameter() + size_t{1});
  }
  return count;
}

absl::StatusOr<BatchStepPlan> StepFromProto(const v1::BatchStep& step, size_t index,
                                            const BatchLimits& limits) {
  const size_t parameters = CountParameters(step);
  absl::StatusOr<SourcedStatement> sourced =
      SourceStatement(step.statement(), limits.statement, parameters);
  if (!sourced.ok()) return AtStep(index, sourced.status());
  if (absl::Status status = CheckCells(step, index); !status.ok()) return status;
  BatchStepPlan plan;
  plan.statement = std::move(sourced->statement);
  plan.name = step.statement().name();
  plan.terms = sourced->terms;
  plan.types = std::move(sourced->types);
  for (const v1::CellParameter& cell : step.cell_parameters()) plan.cells.push_back(cell);
  const auto fixed = static_cast<size_t>(step.statement().parameters_size());
  if (parameters > limits.statement.limits.max_parameters ||
      parameters > fixed + plan.cells.size()) {
    return InvalidRequest(StrCat(StepName(index), ".cell_parameters"),
                          "are more than a statement can have");
  }
  plan.statement.parameters.resize(parameters);
  plan.has_expectation = step.has_expect();
  plan.expect = step.expect();
  return plan;
}

absl::StatusOr<uint32_t> AttemptsOf(const v1::BatchRequest& request) {
  if (request.max_attempts() > kMostAttempts) {
    return InvalidRequest("max_attempts", StrCat("is ", request.max_attempts(),
                                                 "; at most ", kMostAttempts));
  }
  return request.max_attempts() == 0 ? kDefaultAttempts : request.max_attempts();
}

absl::Status Failed(std::string_view expected, uint64_t bound, std::string_view what,
                    uint64_t measured) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      StrCat("expected ", expected, " ", bound, " ", what, ", there were ", measured),
      {.reason = "EXPECTATION_FAILED", .outcome = Outcome::kRolledBack});
}

}  // namespace

bool BatchProgram::HasExpectations() const {
  return std::any_of(steps.begin(), steps.end(),
                     [](const BatchStepPlan& step) { return step.has_expectation; });
}

Intent BatchProgram::DefaultIntent() const {
  const bool only_reads = std::all_of(
      steps.begin(), steps.end(),
      [](const BatchStepPlan& step) { return step.terms.intent == Intent::kRead; });
  return only_reads ? Intent::kRead : Intent::kWrite;
}

absl::Duration BatchProgram::MaxDuration() const {
  absl::Duration sum;
  for (const BatchStepPlan& step : steps) {
    if (step.terms.max_duration == absl::ZeroDuration()) return absl::ZeroDuration();
    sum += step.terms.max_duration;
  }
  return sum;
}

absl::Status CheckMayRead(const BatchProgram& program) {
  for (size_t i = 0; i < program.steps.size(); ++i) {
    absl::Status status = CheckMayRead(program.steps[i].terms);
    if (!status.ok()) return AtStep(i, status);
  }
  return absl::OkStatus();
}

absl::StatusOr<BatchProgram> BatchFromProto(const v1::BatchRequest& request,
                                            const BatchLimits& limits) {
  BatchProgram program;
  switch (request.mode()) {
    case v1::BATCH_MODE_UNSPECIFIED:
    case v1::BATCH_MODE_ATOMIC: break;
    case v1::BATCH_MODE_INDEPENDENT: program.is_atomic = false; break;
    default: return InvalidRequest("mode", "is not a mode that this server knows");
  }
  if (request.steps_size() == 0) {
    return InvalidRequest("steps", "is empty: send at least one");
  }
  if (static_cast<size_t>(request.steps_size()) > limits.max_steps) {
    return InvalidRequest("steps", StrCat("are ", request.steps_size(), "; at most ",
                                          limits.max_steps, " (limits.max_batch_steps)"));
  }
  if (!program.is_atomic && request.isolation() != v1::ISOLATION_UNSPECIFIED) {
    return InvalidRequest("isolation", "has no meaning for an INDEPENDENT batch");
  }
  const absl::StatusOr<uint32_t> attempts = AttemptsOf(request);
  if (!attempts.ok()) return attempts.status();
  program.max_attempts = *attempts;
  for (int i = 0; i < request.steps_size(); ++i) {
    absl::StatusOr<BatchStepPlan> step =
        StepFromProto(request.steps(i), static_cast<size_t>(i), limits);
    if (!step.ok()) return step.status();
    program.steps.push_back(*std::move(step));
  }
  return program;
}

std::vector<size_t> CutIntoFlights(const BatchProgram& program) {
  std::vector<size_t> begins = {0};
  for (size_t i = 1; i < program.steps.size(); ++i) {
    for (const v1::CellParameter& cell : program.steps[i].cells) {
      if (cell.step() < begins.back()) continue;
      begins.push_back(i);
      break;
    }
  }
  return begins;
}

absl::Status CheckExpectation(const v1::Expectation& expect, const StepOutcome& outcome) {
  constexpr std::string_view kAffected = "rows affected";
  constexpr std::string_view kReturned = "rows returned";
  if (expect.has_min_rows_affected() &&
      outcome.rows_affected < expect.min_rows_affected()) {
    return Failed("at least", expect.min_rows_affected(), kAffected,
                  outcome.rows_affected);
  }
  if (expect.has_max_rows_affected() &&
      outcome.rows_affected > expect.max_rows_affected()) {
    return Failed("at most", expect.max_rows_affected(), kAffected,
                  outcome.rows_affected);
  }
  if (expect.has_min_rows() && outcome.rows < expect.min_rows()) {
    return Failed("at least", expect.min_rows(), kReturned, outcome.rows);
  }
  if (expect.has_max_rows() && outcome.rows > expect.max_rows()) {
    return Failed("at most", expect.max_rows(), kReturned, outcome.rows);
  }
  if (expect.has_first_cell() && outcome.first_cell != expect.first_cell()) {
    // Without the value: it is data of a row.
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "the first cell is not the expected one",
                     {.reason = "EXPECTATION_FAILED", .outcome = Outcome::kRolledBack});
  }
  return absl::OkStatus();
}

absl::Status AtStep(size_t step, const absl::Status& error) {
  ErrorDetails details = DetailsOf(error).value_or(ErrorDetails{.reason = "INTERNAL"});
  if (!details.field.empty()) {
    details.field = StrCat(StepName(step), ".", details.field);
  }
  const std::string_view message(error.message().data(), error.message().size());
  const std::string_view separator = message.starts_with("statement.") ? "." : ": ";
  return MakeError(error.code(), StrCat(StepName(step), separator, message), details);
}

}  // namespace pgsluice
