#include "pool/statement_cache.h"

#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr TypeOid kInt4 = 23;
constexpr TypeOid kText = 25;

std::vector<Parameter> Of(const std::vector<TypeOid>& types) {
  std::vector<Parameter> parameters;
  for (TypeOid type : types) {
    Parameter parameter;
    parameter.type = type;
    parameters.push_back(parameter);
  }
  return parameters;
}

TEST(StatementCacheTest, FindsWhatWasInserted) {
  StatementCache cache(4);

  const std::string name = cache.Insert("SELECT $1", Of({kInt4})).name;

  ASSERT_NE(cache.Find("SELECT $1", Of({kInt4})), nullptr);
  EXPECT_EQ(cache.Find("SELECT $1", Of({kInt4}))->name, name);
}

TEST(StatementCacheTest, TellsStatementsApartByTextAndTypes) {
  StatementCache cache(4);
  cache.Insert("SELECT $1", Of({kInt4}));

  EXPECT_EQ(cache.Find("SELECT $1", Of({kText})), nullptr);
  EXPECT_EQ(cache.Find("SELECT $1", Of({kInt4, kInt4})), nullptr);
  EXPECT_EQ(cache.Find("SELECT $1", Of({})), nullptr);
  EXPECT_EQ(cache.Find("SELECT  $1", Of({kInt4})), nullptr);
  EXPECT_EQ(cache.Find("", Of({})), nullptr);
}

TEST(StatementCacheTest, IgnoresTheValuesOfParameters) {
  StatementCache cache(4);
  std::vector<Parameter> one = Of({kText});
  one[0].value = "one";
  std::vector<Parameter> null = Of({kText});
  cache.Insert("SELECT $1", one);

  EXPECT_NE(cache.Find("SELECT $1", null), nullptr);
}

TEST(StatementCacheTest, EvictsTheLeastRecentlyUsed) {
  StatementCache cache(2);
  const std::string a = cache.Insert("a", {}).name;
  const std::string b = cache.Insert("b", {}).name;
  cache.Find("a", {});

  const StatementCache::Inserted inserted = cache.Insert("c", {});

  EXPECT_EQ(inserted.evicted_name, b);
  EXPECT_EQ(cache.Find("b", {}), nullptr);
  EXPECT_NE(cache.Find("a", {}), nullptr);
  EXPECT_EQ(cache.size(), 2u);
}

TEST(StatementCacheTest, EvictsNothingWhileThereIsRoom) {
  StatementCache cache(2);

  EXPECT_EQ(cache.Insert("a", {}).evicted_name, std::nullopt);
  EXPECT_EQ(cache.Insert("b", {}).evicted_name, std::nullopt);
}

TEST(StatementCacheTest, NamesStatementsAndNeverUsesANameAgain) {
  StatementCache cache(2);
  std::set<std::string> names;
  EXPECT_EQ(cache.Insert("first", {}).name, "pgsluice_1");

  for (int i = 0; i < 100; ++i) {
    if (i % 10 == 0) cache.Clear();
    const std::string name = cache.Insert(std::to_string(i), {}).name;
    EXPECT_TRUE(names.insert(name).second) << name;
    if (i % 7 == 0) cache.Erase(name);
  }
}

TEST(StatementCacheTest, ForgetsWhatIsErased) {
  StatementCache cache(4);
  const std::string a = cache.Insert("a", {}).name;
  cache.Insert("b", {});

  cache.Erase(a);
  cache.Erase("no such name");

  EXPECT_EQ(cache.Find("a", {}), nullptr);
  EXPECT_NE(cache.Find("b", {}), nullptr);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(StatementCacheTest, ForgetsAllWhenCleared) {
  StatementCache cache(4);
  cache.Insert("a", {});

  cache.Clear();

  EXPECT_EQ(cache.Find("a", {}), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(StatementCacheTest, HasSeenAStatementFromItsSecondUseOn) {
  StatementCache cache(4);

  EXPECT_FALSE(cache.SeenBefore("a", {}));
  EXPECT_TRUE(cache.SeenBefore("a", {}));
  EXPECT_TRUE(cache.SeenBefore("a", {}));
  EXPECT_FALSE(cache.SeenBefore("a", Of({kInt4})));
}

// Statements that never come back must not take memory for ever.
TEST(StatementCacheTest, ForgetsWhatItHasSeenNowAndThen) {
  StatementCache cache(4);
  cache.SeenBefore("early", {});

  for (int i = 0; i < 16; ++i) cache.SeenBefore(std::to_string(i), {});

  EXPECT_FALSE(cache.SeenBefore("early", {}));
}

TEST(StatementCacheTest, KeepsTextAndNameTogetherOnARandomWalk) {
  constexpr size_t kCapacity = 8;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  StatementCache cache(kCapacity);
  std::map<std::string, std::string> names;  // What the server holds, by text.

  for (int step = 0; step < 20000; ++step) {
    const std::string sql = std::to_string(random() % 20);
    const StatementCache::Prepared* found = cache.Find(sql, {});
    ASSERT_EQ(found != nullptr, names.contains(sql)) << "step " << step;
    if (found != nullptr) {
      ASSERT_EQ(found->name, names[sql]) << "step " << step;
      if (random() % 5 == 0) {
        cache.Erase(names[sql]);
        names.erase(sql);
      }
    } else {
      const StatementCache::Inserted inserted = cache.Insert(sql, {});
      if (inserted.evicted_name.has_value()) {
        ASSERT_EQ(std::erase_if(names,
                                [&](const auto& entry) {
                                  return entry.second == *inserted.evicted_name;
                                }),
                  1u)
            << "step " << step;
      }
      names[sql] = inserted.name;
    }
    ASSERT_EQ(cache.size(), names.size()) << "step " << step;
    ASSERT_LE(cache.size(), kCapacity) << "step " << step;
  }
}

}  // namespace
}  // namespace pgsluice
