#include "server/sql_fingerprint.h"

#include "gtest/gtest.h"

#include "server/sql_normalizer.h"

namespace pgsluice {
namespace {

std::string Fingerprint(std::string_view sql) {
  return FingerprintText(FingerprintOf(NormalizeSql(sql)));
}

// Others have written these down: a change here is for the CHANGELOG.
TEST(SqlFingerprintTest, IsTheSameForEver) {
  struct Case {
    std::string_view sql;
    std::string_view fingerprint;
  };
  for (const Case& c : {Case{"", "cbf29ce484222325"}, Case{"a", "af63dc4c8601ec8c"},
                        Case{"SELECT 1", "7c39761bdded68f6"},
                        Case{"SELECT * FROM users WHERE id = $1", "f95296afbf77a963"},
                        Case{"select * from t where a in (1, 2)", "43d2c35c49e05451"},
                        Case{"SELECT \"My Col\" FROM \"T\"", "77ae97ff98e6e0f3"},
                        Case{"INSERT INTO t (a, b) VALUES ($1, $2)", "1a22bb51fc574b8d"},
                        Case{"select a b from t", "d34fa5985400b890"}}) {
    EXPECT_EQ(Fingerprint(c.sql), c.fingerprint) << c.sql;
  }
}

TEST(SqlFingerprintTest, IsEqualForStatementsOfOneShape) {
  struct Case {
    std::string_view left;
    std::string_view right;
  };
  for (const Case& c :
       {Case{"SELECT 1", "SELECT 25.5e3"}, Case{"SELECT 'a'", "SELECT E'it\\'s'"},
        Case{"SELECT a FROM t", "select A from T"},
        Case{"SELECT a FROM t", "  SELECT\n\ta /* why */ FROM t -- end"},
        Case{"SELECT a FROM t", "SELECT a FROM t;"},
        Case{"SELECT a FROM t", "SELECT a FROM t ; ; "},
        Case{"SELECT a,b FROM t WHERE a=1", "SELECT a, b FROM t WHERE a = 2"},
        Case{"f(a)", "f ( a )"}, Case{"SELECT -1", "SELECT - 1"},
        Case{"WHERE a = $1 AND b = $2", "WHERE a = $2 AND b = $10"},
        Case{"WHERE a = $1", "WHERE a = 'x'"},
        Case{"LIMIT $1 OFFSET $2", "LIMIT 10 OFFSET 20"},
        Case{"a IN (1)", "a IN ($1, $2, $3)"},
        Case{"a IN ($1, $2) AND b = $3", "a IN ($1) AND b = $2"},
        Case{"VALUES (1, 'a')", "VALUES ($1, NULL), (2, 'b'), (3, DEFAULT)"},
        Case{"VALUES (1, now())", "VALUES ($1, now()), ($2, NOW())"},
        Case{"ARRAY[1]", "array[1, 2]"}, Case{"SAVEPOINT \"a\"", "savepoint b"}}) {
    EXPECT_EQ(Fingerprint(c.left), Fingerprint(c.right)) << c.left << " | " << c.right;
  }
}

TEST(SqlFingerprintTest, DiffersForOthers) {
  struct Case {
    std::string_view left;
    std::string_view right;
  };
  for (const Case& c :
       {Case{"SELECT a", "SELECT b"}, Case{"SELECT \"A\"", "SELECT \"a\""},
        Case{"SELECT \"a b\"", "SELECT \"ab\""}, Case{"SELECT a b", "SELECT ab"},
        Case{"SELECT 1", "SELECT 1, 2"}, Case{"f(1)", "f(1, 2)"},
        Case{"a IN (1, b)", "a IN (1)"}, Case{"a$1", "a$2"},
        Case{"SELECT a FROM t", "SELECT a FROM s.t"}, Case{"a IN (1)", "a NOT IN (1)"}}) {
    EXPECT_NE(Fingerprint(c.left), Fingerprint(c.right)) << c.left << " | " << c.right;
  }
}

TEST(SqlFingerprintTest, IsWrittenWithSixteenDigits) {
  EXPECT_EQ(FingerprintText(0), "0000000000000000");
  EXPECT_EQ(FingerprintText(0xabc), "0000000000000abc");
  EXPECT_EQ(FingerprintText(~uint64_t{0}), "ffffffffffffffff");
}

}  // namespace
}  // namespace pgsluice
