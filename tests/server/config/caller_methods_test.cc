#include "server/config/caller_methods.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

size_t CountMethods(std::string_view text) {
  const absl::StatusOr<MethodSet> methods = ParseMethods(text);
  EXPECT_TRUE(methods.ok()) << methods.status();
  size_t count = 0;
  for (size_t i = 0; methods.ok() && i < kRpcMethods; ++i) {
    count += methods->Contains(static_cast<RpcMethod>(i)) ? 1 : 0;
  }
  return count;
}

TEST(CallerMethodsTest, NamesAndGroupsAreAddedUp) {
  EXPECT_EQ(CountMethods("Query"), 1u);
  EXPECT_EQ(CountMethods("Query, StreamQuery,Query"), 2u);
  EXPECT_EQ(CountMethods("data"), 6u);
  EXPECT_EQ(CountMethods("monitoring"), 5u);
  EXPECT_EQ(CountMethods("data,monitoring"), 10u);
  EXPECT_EQ(CountMethods("reflection"), 2u);  // Both versions.
  EXPECT_EQ(CountMethods("data,monitoring,reflection"), 12u);
  EXPECT_EQ(CountMethods("all"), 12u);
  EXPECT_EQ(CountMethods("none"), 0u);
  EXPECT_TRUE(ParseMethods("data")->Contains(RpcMethod::kBatch));
  EXPECT_FALSE(ParseMethods("data")->Contains(RpcMethod::kTopStatements));
}

TEST(CallerMethodsTest, EveryMethodIsKnownByItsName) {
  for (size_t i = 0; i < kRpcMethods; ++i) {
    const auto method = static_cast<RpcMethod>(i);
    if (!ParseMethods("all")->Contains(method)) continue;
    const auto methods = ParseMethods(MethodName(method));
    ASSERT_TRUE(methods.ok()) << methods.status();
    EXPECT_TRUE(methods->Contains(method));
    EXPECT_EQ(CountMethods(MethodName(method)),
              MethodName(method) == "reflection" ? 2u : 1u);
  }
}

TEST(CallerMethodsTest, UnknownNamesAreRefused) {
  EXPECT_THAT(std::string(ParseMethods("Querry").status().message()),
              HasSubstr("did you mean \"Query\"?"));
  for (const char* text : {"", "Query,", "query", "Query StreamQuery", "*", "Pause",
                           "Check", "other", "ServerReflectionInfo"}) {
    EXPECT_FALSE(ParseMethods(text).ok()) << text;
  }
}

}  // namespace
}  // namespace pgsluice
