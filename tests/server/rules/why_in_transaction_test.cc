#include "server/why_in_transaction.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

using testing::EndsWith;

absl::Status Said(std::string_view sqlstate) {
  return PostgresError({.sqlstate = std::string(sqlstate),
                        .severity = "ERROR",
                        .message = "VACUUM cannot run inside a transaction block"},
                       {.endpoint = "db1", .role = Role::kPrimary});
}

TEST(WhyInTransactionTest, OnlyOneOfATransactionBlockIsExplained) {
  const absl::Status error = Said("25001");

  const absl::Status explained = WithWhyInTransaction(error, kForSettings);

  EXPECT_EQ(explained.code(), error.code());
  EXPECT_THAT(std::string(explained.message()),
              EndsWith("block; with the settings of its caller it has to"));
  EXPECT_EQ(DetailsOf(explained)->reason, DetailsOf(error)->reason);
  EXPECT_EQ(WithWhyInTransaction(Said("25P02"), kForSettings), Said("25P02"));
  EXPECT_TRUE(WithWhyInTransaction(absl::OkStatus(), kForSettings).ok());
}

}  // namespace
}  // namespace pgsluice
