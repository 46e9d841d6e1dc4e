#include "server/config/units.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(Units, ReadsDurations) {
  EXPECT_EQ(ParseDuration("250ms"), absl::Milliseconds(250));
  EXPECT_EQ(ParseDuration("1.5s"), absl::Milliseconds(1500));
  EXPECT_EQ(ParseDuration(" 5m "), absl::Minutes(5));
  EXPECT_EQ(ParseDuration("1h30m"), absl::Minutes(90));
  EXPECT_EQ(ParseDuration("0"), absl::ZeroDuration());
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "s", "-1s", "inf", "1d", "1 hour", "5s5"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(Units, ReadsByteSizes) {
  EXPECT_EQ(ParseByteSize("512"), 512u);
  EXPECT_EQ(ParseByteSize("512B"), 512u);
  EXPECT_EQ(ParseByteSize("64KiB"), 65536u);
  EXPECT_EQ(ParseByteSize("64 kib"), 65536u);
  EXPECT_EQ(ParseByteSize("3.5MiB"), 3670016u);
  EXPECT_EQ(ParseByteSize("1GiB"), 1073741824u);
  EXPECT_EQ(ParseByteSize("1TiB"), 1099511627776u);
  EXPECT_EQ(ParseByteSize("1MB"), 1000000u);
  EXPECT_EQ(ParseByteSize("0"), 0u);
}

TEST(Units, RefusesWhatIsNoByteSize) {
  for (const char* text : {"", "MiB", "-1", "1.5", "4M", "4 MiB s", "1e3", "0x10",
                           "1..5KiB", "99999999999GiB", "nan", "inf"}) {
    EXPECT_EQ(ParseByteSize(text), std::nullopt) << text;
  }
}

TEST(Units, WritesWhatItReads) {
  for (const char* text : {"1", "1023", "64KiB", "3584KiB", "4MiB", "1GiB"}) {
    EXPECT_EQ(ByteSizeText(*ParseByteSize(text)), text);
  }
  EXPECT_EQ(ByteSizeText(0), "0");
  for (const char* text : {"0", "250ms", "1.5s", "5m", "1h30m"}) {
    EXPECT_EQ(DurationText(*ParseDuration(text)), text);
  }
}

}  // namespace
}  // namespace pgsluice
