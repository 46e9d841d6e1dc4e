#include "pool/error_table.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using Code = absl::StatusCode;

// Every SQLSTATE in the list of error codes of PostgreSQL 15.
constexpr std::string_view kAllCodes =
    "00000 01000 01003 01004 01006 01007 01008 0100C 01P01 02000 02001 03000 "
    "08000 08001 08003 08004 08006 08007 08P01 09000 0A000 0B000 0F000 0F001 "
    "0L000 0LP01 0P000 0Z000 0Z002 20000 21000 22000 22001 22002 22003 22004 "
    "22005 22007 22008 22009 2200B 2200C 2200D 2200F 2200G 2200H 2200L 2200M "
    "2200N 2200S 2200T 22010 22011 22012 22013 22014 22015 22016 22018 22019 "
    "2201B 2201E 2201F 2201G 2201W 2201X 22021 22022 22023 22024 22025 22026 "
    "22027 2202E 2202G 2202H 22030 22031 22032 22033 22034 22035 22036 22037 "
    "22038 22039 2203A 2203B 2203C 2203D 2203E 2203F 2203G 22P01 22P02 22P03 "
    "22P04 22P05 22P06 22P07 23000 23001 23502 23503 23505 23514 23P01 24000 "
    "25000 25001 25002 25003 25004 25005 25006 25007 25008 25P01 25P02 25P03 "
    "26000 27000 28000 28P01 2B000 2BP01 2D000 2F000 2F002 2F003 2F004 2F005 "
    "34000 38000 38001 38002 38003 38004 39000 39001 39004 39P01 39P02 39P03 "
    "3B000 3B001 3D000 3F000 40000 40001 40002 40003 40P01 42000 42501 42601 "
    "42602 42611 42622 42701 42702 42703 42704 42710 42712 42723 42725 42803 "
    "42804 42809 42830 42846 42883 428C9 42939 42P01 42P02 42P03 42P04 42P05 "
    "42P06 42P07 42P08 42P09 42P10 42P11 42P12 42P13 42P14 42P15 42P16 42P17 "
    "42P18 42P19 42P20 42P21 42P22 44000 53000 53100 53200 53300 53400 54000 "
    "54001 54011 54023 55000 55006 55P02 55P03 55P04 57000 57014 57P01 57P02 "
    "57P03 57P04 57P05 58000 58030 58P01 58P02 72000 F0000 F0001 HV000 HV001 "
    "HV002 HV004 HV005 HV006 HV007 HV008 HV009 HV00A HV00B HV00C HV00D HV00J "
    "HV00K HV00L HV00M HV00N HV00P HV00Q HV00R HV010 HV014 HV021 HV024 HV090 "
    "HV091 P0000 P0001 P0002 P0003 P0004 XX000 XX001 XX002 ";

constexpr size_t kSqlstateLength = 5;

std::vector<std::string_view> AllCodes() {
  std::vector<std::string_view> codes;
  for (size_t i = 0; i + kSqlstateLength < kAllCodes.size(); i += kSqlstateLength + 1) {
    codes.push_back(kAllCodes.substr(i, kSqlstateLength));
  }
  return codes;
}

void ExpectCode(Code code, const std::vector<std::string_view>& sqlstates) {
  for (std::string_view sqlstate : sqlstates) {
    EXPECT_EQ(RuleFor(sqlstate).code, code) << sqlstate;
  }
}

TEST(ErrorTableTest, HasARuleAndANameForEveryCode) {
  ASSERT_EQ(AllCodes().size(), 261u);

  for (std::string_view sqlstate : AllCodes()) {
    const ErrorRule rule = RuleFor(sqlstate);
    EXPECT_NE(rule.code, Code::kOk) << sqlstate;
    EXPECT_EQ(sqlstate.substr(0, rule.sqlstate.size()), rule.sqlstate);
    EXPECT_FALSE(ConditionName(sqlstate).empty()) << sqlstate;
  }
}

// UNKNOWN is for outcomes that nobody saw, and for codes that nobody knows.
TEST(ErrorTableTest, TakesOnlyUnresolvedOutcomesForUnknown) {
  for (std::string_view sqlstate : AllCodes()) {
    const bool is_unresolved = sqlstate == "08007" || sqlstate == "40003";
    EXPECT_EQ(RuleFor(sqlstate).code == Code::kUnknown, is_unresolved) << sqlstate;
    EXPECT_EQ(RuleFor(sqlstate).retry == RetryScope::kResolveFirst, is_unresolved)
        << sqlstate;
  }
}

TEST(ErrorTableTest, GivesEachRowItsCode) {
  ExpectCode(Code::kUnavailable, {"08000", "08001", "08003", "08004", "08006", "53300",
                                  "57P01", "57P02", "57P03"});
  ExpectCode(Code::kUnknown, {"08007", "40003"});
  ExpectCode(Code::kUnimplemented, {"0A000"});
  ExpectCode(Code::kFailedPrecondition,
             {"0B000", "2D000", "2F000", "2F002", "24000", "34000", "3B000", "3B001",
              "25000", "25001", "25006", "25P01", "20000", "21000", "23503", "23001",
              "23000", "23P01", "44000", "55000", "55006", "57P04", "P0001", "P0003"});
  ExpectCode(Code::kAborted, {"25P02", "25P03", "25P04", "57P05", "40001", "40P01",
                              "40000", "40002", "55P03", "57014", "72000"});
  ExpectCode(Code::kPermissionDenied,
             {"0L000", "0LP01", "0P000", "28000", "28P01", "42501"});
  ExpectCode(Code::kOutOfRange, {"22003", "22008", "22012", "54000", "54011", "54023"});
  ExpectCode(Code::kInvalidArgument,
             {"22000", "22001", "22P02", "22021", "22023", "23502", "23514", "42000",
              "42601", "42703", "42P02", "42804"});
  ExpectCode(Code::kAlreadyExists,
             {"23505", "42P04", "42P06", "42P07", "42710", "42723"});
  ExpectCode(Code::kNotFound, {"3D000", "3F000", "42P01", "42704", "42883", "P0002"});
  ExpectCode(Code::kResourceExhausted, {"53000", "53100", "53200", "53400", "54001"});
  ExpectCode(Code::kInternal, {"08P01", "26000", "42P05", "58000", "58030", "58P01",
                               "F0000", "HV000", "09000", "0F000", "0F001", "0Z000",
                               "38000", "39000", "XX000", "P0000", "P0004"});
  ExpectCode(Code::kDataLoss, {"XX001", "XX002"});
}

TEST(ErrorTableTest, TakesTheClassOfCodesItDoesNotKnow) {
  EXPECT_EQ(RuleFor("22ZZZ").code, Code::kInvalidArgument);
  EXPECT_EQ(RuleFor("53ZZZ").code, Code::kResourceExhausted);
  EXPECT_EQ(RuleFor("XXZZZ").code, Code::kInternal);
}

TEST(ErrorTableTest, TakesTheUnknownForUnknownAndNeverForOk) {
  ExpectCode(Code::kUnknown, {"", "2", "ZZ000", "99999", "ab123", "QQQQQQQQ"});
  EXPECT_EQ(RuleFor("ZZ000").retry, RetryScope::kNever);
}

TEST(ErrorTableTest, KnowsWhoIsToBlame) {
  for (std::string_view sqlstate :
       {"08000", "08001", "08006", "53300", "57P01", "57P02", "57P03", "57P04"}) {
    EXPECT_EQ(RuleFor(sqlstate).blame, Blame::kEndpoint) << sqlstate;
  }
  for (std::string_view sqlstate : {"08P01", "25P03", "25P04", "57P05", "40003"}) {
    EXPECT_EQ(RuleFor(sqlstate).blame, Blame::kSession) << sqlstate;
  }
  for (std::string_view sqlstate :
       {"23505", "40001", "42601", "22012", "25P02", "57014", "P0001", "XX000"}) {
    EXPECT_EQ(RuleFor(sqlstate).blame, Blame::kStatement) << sqlstate;
  }
}

// Codes that callers and policies send again must be safe to send again.
TEST(ErrorTableTest, SaysRetryOnlyWithCodesThatMeanIt) {
  for (std::string_view sqlstate : AllCodes()) {
    const ErrorRule rule = RuleFor(sqlstate);
    const bool is_retry =
        rule.retry == RetryScope::kStatement || rule.retry == RetryScope::kTransaction;
    EXPECT_EQ(is_retry, rule.code == Code::kUnavailable || rule.code == Code::kAborted)
        << sqlstate;
  }
}

TEST(ErrorTableTest, NamesConditions) {
  EXPECT_EQ(ConditionName("23505"), "UNIQUE_VIOLATION");
  EXPECT_EQ(ConditionName("23P01"), "EXCLUSION_VIOLATION");
  EXPECT_EQ(ConditionName("55P03"), "LOCK_NOT_AVAILABLE");
  EXPECT_EQ(ConditionName("40001"), "SERIALIZATION_FAILURE");
  EXPECT_EQ(ConditionName("57014"), "QUERY_CANCELED");
  EXPECT_EQ(ConditionName("00000"), "SUCCESSFUL_COMPLETION");
  EXPECT_EQ(ConditionName("XX002"), "INDEX_CORRUPTED");
  EXPECT_EQ(ConditionName("ZZZZZ"), "");
  EXPECT_EQ(ConditionName("22"), "");
  EXPECT_EQ(ConditionName(""), "");
}

TEST(ErrorTableTest, GivesItsOwnReasonsWhereTheNameWouldMislead) {
  EXPECT_EQ(RuleFor("25006").reason, "READ_ONLY");
  EXPECT_EQ(RuleFor("40003").reason, "OUTCOME_UNKNOWN");
}

}  // namespace
}  // namespace pgsluice
