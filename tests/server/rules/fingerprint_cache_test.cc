#include "server/fingerprint_cache.h"

#include <string>

#include "gtest/gtest.h"

#include "server/sql_fingerprint.h"
#include "server/sql_normalizer.h"

namespace pgsluice {
namespace {

TEST(FingerprintCacheTest, SaysTheSameEachTime) {
  FingerprintCache cache(8, 100);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      const std::string sql =
          "SELECT " + std::to_string(i) + " FROM t" + std::to_string(i % 10);
      ASSERT_EQ(cache.FingerprintOf(sql), FingerprintOf(NormalizeSql(sql))) << sql;
    }
  }
}

TEST(FingerprintCacheTest, StaysWithinItsBound) {
  FingerprintCache cache(8, 100);
  for (int i = 0; i < 100; ++i) {
    cache.FingerprintOf("SELECT a" + std::to_string(i));
    cache.FingerprintOf("SELECT hot");
    ASSERT_LE(cache.size(), 8U);
  }
}

TEST(FingerprintCacheTest, HoldsNoLongTexts) {
  FingerprintCache cache(8, 100);
  const std::string sql = "SELECT " + std::string(200, 'a');

  EXPECT_EQ(cache.FingerprintOf(sql), FingerprintOf(NormalizeSql(sql)));

  EXPECT_EQ(cache.size(), 0U);
}

TEST(FingerprintCacheTest, WorksWithoutRoom) {
  FingerprintCache cache(0, 100);

  EXPECT_EQ(cache.FingerprintOf("SELECT 1"), cache.FingerprintOf("select 2;"));

  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace pgsluice
