#include "server/batch_program.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr BatchLimits kLimits{
    .statement = StatementLimits{.max_sql_bytes = 100, .max_parameters = 5},
    .max_steps = 4};

v1::BatchStep& AddStep(v1::BatchRequest& request, const std::string& sql = "SELECT 1") {
  v1::BatchStep& step = *request.add_steps();
  step.mutable_statement()->set_sql(sql);
  return step;
}

void TakeCell(v1::BatchStep& step, uint32_t parameter, uint32_t from) {
  v1::CellParameter& cell = *step.add_cell_parameters();
  cell.set_parameter(parameter);
  cell.set_step(from);
}

TEST(BatchFromProto, IsAtomicAndTriedThreeTimesUnlessTold) {
  v1::BatchRequest request;
  AddStep(request);

  const auto program = BatchFromProto(request, kLimits);

  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_TRUE(program->is_atomic);
  EXPECT_EQ(program->max_attempts, 3U);
  EXPECT_FALSE(program->HasExpectations());
}

TEST(BatchFromProto, SaysWhichFieldIsWrong) {
  struct Case {
    const char* field;
    std::function<void(v1::BatchRequest&)> break_it;
  };
  const Case cases[] = {
      {"steps", [](auto& request) { request.clear_steps(); }},
      {"steps",
       [](auto& request) {
         for (int i = 0; i < 5; ++i) AddStep(request);
       }},
      {"steps[1].statement.sql", [](auto& request) { AddStep(request, "COMMIT"); }},
      {"steps[1].statement.sql",
       [](auto& request) { AddStep(request, std::string(101, 'x')); }},
      {"mode", [](auto& request) { request.set_mode(static_cast<v1::BatchMode>(9)); }},
      {"max_attempts", [](auto& request) { request.set_max_attempts(11); }},
      {"isolation",
       [](auto& request) {
         request.set_mode(v1::BATCH_MODE_INDEPENDENT);
         request.set_isolation(v1::ISOLATION_SERIALIZABLE);
       }},
      {"steps[0].cell_parameters[0].step",
       [](auto& request) { TakeCell(*request.mutable_steps(0), 0, 0); }},
      {"steps[1].cell_parameters[0].parameter",
       [](auto& request) { TakeCell(AddStep(request), 1, 0); }},
      {"steps[1].cell_parameters[1].parameter",
       [](auto& request) {
         v1::BatchStep& step = AddStep(request);
         TakeCell(step, 0, 0);
         TakeCell(step, 0, 0);
       }},
      {"steps[1].cell_parameters",
       [](auto& request) {
         v1::BatchStep& step = AddStep(request);
         for (uint32_t i = 0; i < 6; ++i) TakeCell(step, i, 0);
       }},
  };
  for (const Case& one : cases) {
    v1::BatchRequest request;
    AddStep(request);
    one.break_it(request);

    const auto program = BatchFromProto(request, kLimits);

    ASSERT_FALSE(program.ok()) << one.field;
    EXPECT_EQ(program.status().code(), absl::StatusCode::kInvalidArgument);
    const auto details = DetailsOf(program.status());
    ASSERT_TRUE(details.has_value()) << one.field;
    EXPECT_EQ(details->field, one.field);
    EXPECT_EQ(details->outcome, Outcome::kNotStarted);
    // What concerns a step names it.
    const std::string step =
        std::string(one.field).substr(0, std::string("steps[1]").size());
    EXPECT_THAT(std::string(program.status().message()), HasSubstr(step));
  }
}

TEST(BatchFromProto, CellsReplaceParametersOrFollowThem) {
  v1::BatchRequest request;
  AddStep(request);
  v1::BatchStep& step = AddStep(request, "SELECT $1, $2, $3");
  step.mutable_statement()->add_parameters()->set_int64(7);
  step.mutable_statement()->add_parameters();
  TakeCell(step, 1, 0);
  TakeCell(step, 2, 0);

  const auto program = BatchFromProto(request, kLimits);

  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->steps[1].statement.parameters.size(), 3U);
  EXPECT_EQ(program->steps[1].statement.parameters[0].value, "7");
}

BatchStepPlan StepOf(const StatementTerms& terms) {
  BatchStepPlan step;
  step.terms = terms;
  return step;
}

TEST(BatchProgramTest, IsAReadOnceAllStepsSaySo) {
  const BatchStepPlan sql = StepOf({});
  const BatchStepPlan read = StepOf({.intent = Intent::kRead});
  const BatchStepPlan write = StepOf({.intent = Intent::kWrite});
  struct Case {
    std::vector<BatchStepPlan> steps;
    Intent by_default;
    bool may_read;
  };
  const Case cases[] = {
      {{sql}, Intent::kWrite, true},          {{read}, Intent::kRead, true},
      {{read, read}, Intent::kRead, true},    {{read, sql}, Intent::kWrite, true},
      {{read, write}, Intent::kWrite, false}, {{write}, Intent::kWrite, false},
  };
  for (const Case& c : cases) {
    BatchProgram program;
    program.steps = c.steps;
    EXPECT_EQ(program.DefaultIntent(), c.by_default);
    EXPECT_EQ(CheckMayRead(program).ok(), c.may_read);
  }
  BatchProgram program;
  program.steps = {read, write};
  EXPECT_THAT(std::string(CheckMayRead(program).message()),
              HasSubstr("steps[1].statement.name"));
}

TEST(BatchProgramTest, HasALimitOfTimeOnceAllStepsHave) {
  BatchProgram program;
  program.steps = {StepOf({.max_duration = absl::Seconds(1)}),
                   StepOf({.max_duration = absl::Seconds(2)})};
  EXPECT_EQ(program.MaxDuration(), absl::Seconds(3));

  program.steps.push_back(StepOf({}));
  EXPECT_EQ(program.MaxDuration(), absl::ZeroDuration());
}

TEST(BatchFromProto, CellsCountAsParametersOfNamedStatements) {
  const auto book =
      StatementBook::Make({{.where = "1:1",
                            .name = "add",
                            .sql = "SELECT $1, $2",
                            .parameters = std::vector<std::string>{"int8", "text"}}});
  ASSERT_TRUE(book.ok()) << book.status();
  BatchLimits limits = kLimits;
  limits.statement.book = &*book;
  v1::BatchRequest request;
  AddStep(request);
  v1::BatchStep& step = *request.add_steps();
  step.mutable_statement()->set_name("add");
  step.mutable_statement()->add_parameters()->set_int64(5);
  EXPECT_THAT(std::string(BatchFromProto(request, limits).status().message()),
              HasSubstr("steps[1].statement.parameters: are 1"));

  step.add_cell_parameters()->set_parameter(1);
  const auto program = BatchFromProto(request, limits);

  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->steps[1].statement.sql, "SELECT $1, $2");
  EXPECT_EQ(program->steps[1].statement.parameters.size(), 2u);
  EXPECT_EQ(program->steps[1].types, (std::vector<TypeOid>{20, 25}));
}

TEST(CutIntoFlights, CutsWhereAResultIsNeeded) {
  const auto cut = [](std::vector<std::pair<size_t, size_t>> references) {
    BatchProgram program;
    program.steps.resize(6);
    for (const auto& [step, from] : references) {
      program.steps[step].cells.emplace_back().set_step(static_cast<uint32_t>(from));
    }
    return CutIntoFlights(program);
  };

  EXPECT_THAT(cut({}), ElementsAre(0));
  EXPECT_THAT(cut({{1, 0}}), ElementsAre(0, 1));
  EXPECT_THAT(cut({{5, 0}}), ElementsAre(0, 5));
  // 3 waits for 1, and is past it when 4 wants 2.
  EXPECT_THAT(cut({{3, 1}, {4, 2}}), ElementsAre(0, 3));
  EXPECT_THAT(cut({{3, 1}, {4, 3}}), ElementsAre(0, 3, 4));
  EXPECT_THAT(cut({{1, 0}, {2, 1}, {3, 2}, {4, 3}, {5, 4}}),
              ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(CheckExpectation, JudgesEachThatIsSet) {
  const StepOutcome outcome{.rows = 2, .rows_affected = 3, .first_cell = "5"};
  struct Case {
    bool holds;
    std::function<void(v1::Expectation&)> set;
  };
  const Case cases[] = {
      {true, [](auto&) {}},
      {true, [](auto& e) { e.set_min_rows_affected(3); }},
      {false, [](auto& e) { e.set_min_rows_affected(4); }},
      {true, [](auto& e) { e.set_max_rows_affected(3); }},
      {false, [](auto& e) { e.set_max_rows_affected(2); }},
      {true, [](auto& e) { e.set_min_rows(2); }},
      {false, [](auto& e) { e.set_min_rows(3); }},
      {true, [](auto& e) { e.set_max_rows(2); }},
      {false, [](auto& e) { e.set_max_rows(0); }},
      {true, [](auto& e) { e.set_first_cell("5"); }},
      {false, [](auto& e) { e.set_first_cell("05"); }},
      {false, [](auto& e) { e.set_first_cell(""); }},
  };
  for (const Case& one : cases) {
    v1::Expectation expect;
    one.set(expect);
    const absl::Status status = CheckExpectation(expect, outcome);
    EXPECT_EQ(status.ok(), one.holds) << expect.ShortDebugString() << status;
    if (one.holds) continue;
    EXPECT_EQ(DetailsOf(status)->reason, "EXPECTATION_FAILED");
  }
  v1::Expectation value;
  value.set_first_cell("");
  EXPECT_FALSE(CheckExpectation(value, {}).ok()) << "NULL is not the empty string";
}

}  // namespace
}  // namespace pgsluice
