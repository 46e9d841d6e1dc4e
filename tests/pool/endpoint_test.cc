#include "pool/endpoint.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(EndpointTest, NamesEveryRole) {
  EXPECT_EQ(RoleName(Role::kUnknown), "unknown");
  EXPECT_EQ(RoleName(Role::kPrimary), "primary");
  EXPECT_EQ(RoleName(Role::kReplica), "replica");
}

}  // namespace
}  // namespace pgsluice
