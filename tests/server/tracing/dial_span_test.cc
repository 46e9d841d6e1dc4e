#include "server/tracing/dial_span.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

absl::Time At(int seconds) { return absl::FromUnixSeconds(seconds); }

struct DialCase {
  const char* what;
  int dialled;
  int opened;
  // Of the span; 0: there is none.
  int begun;
};

class DialSpanTest : public ::testing::TestWithParam<DialCase> {};

// The wait: from 100 to 200.
TEST_P(DialSpanTest, IsThePartOfTheWait) {
  const auto [what, dialled, opened, begun] = GetParam();
  const std::optional<Span> span =
      DialSpan({At(100), At(200)}, {At(dialled), At(opened)});

  ASSERT_EQ(span.has_value(), begun != 0) << what;
  if (begun == 0) return;
  EXPECT_EQ(span->name, "dial");
  EXPECT_EQ(span->begun, At(begun)) << what;
  EXPECT_EQ(span->ended, At(opened)) << what;
}

INSTANTIATE_TEST_SUITE_P(
    All, DialSpanTest,
    ::testing::Values(DialCase{"open before", 80, 99, 0},
                      DialCase{"all of it", 100, 200, 100},
                      DialCase{"for the call, which had to wait on", 110, 150, 110},
                      DialCase{"for another one", 80, 150, 100},
                      DialCase{"by a clock that was set back", 160, 150, 150},
                      DialCase{"by a clock that was set on", 150, 201, 0}));

}  // namespace
}  // namespace pgsluice
