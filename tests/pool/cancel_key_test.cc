#include "pool/pg/cancel_key.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(CancelKeyTest, IsReadFromItsMessage) {
  EXPECT_EQ(CancelKeyOfTrace("B\t12\tBackendKeyData\t 4711 -815"),
            (CancelKey{.pid = 4711, .secret = -815}));
}

TEST(CancelKeyTest, NothingElseIsTakenForIt) {
  for (const char* line :
       {"", "B\t12\tBackendKeyData\t", "B\t12\tBackendKeyData\t NNNN NNNN",
        "B\t12\tBackendKeyData\t 1", "B\t12\tBackendKeyData\t 1 2 3",
        "B\t12\tBackendKeyData\t 1 99999999999", "F\t12\tBackendKeyData\t 1 2",
        "B\t20\tParameterStatus\t \"application_name\" \"BackendKeyData\"",
        "B\t300\tBackendKeyData\t 1 '\\x01\\x02'"}) {
    EXPECT_FALSE(CancelKeyOfTrace(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace pgsluice
