#include "pool/statement_kind.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using Kind = StatementKind;

void ExpectKind(Kind kind, const std::vector<std::string>& statements) {
  for (const std::string& sql : statements) {
    EXPECT_EQ(ClassifyStatement(sql), kind) << sql;
  }
}

TEST(StatementKindTest, KnowsPlainStatements) {
  ExpectKind(Kind::kPlain,
             {"SELECT 1", "select 1", "SeLeCt 1", "INSERT INTO t VALUES (1)",
              "update t set a = 1", "DELETE FROM t", "MERGE INTO t USING s ON true",
              "VALUES (1)", "TABLE t", "WITH x AS (SELECT 1) SELECT * FROM x", "SELECT",
              "SELECT*FROM t", "VALUES(1)", "select'begin'"});
}

TEST(StatementKindTest, KnowsTransactionControl) {
  ExpectKind(Kind::kTransactionControl, {"BEGIN",
                                         "begin isolation level serializable",
                                         "START TRANSACTION",
                                         "COMMIT",
                                         "commit;",
                                         "COMMIT AND CHAIN",
                                         "COMMIT PREPARED 'x'",
                                         "END",
                                         "ROLLBACK",
                                         "ROLLBACK TO a",
                                         "ROLLBACK TO SAVEPOINT a",
                                         "ROLLBACK PREPARED 'x'",
                                         "ROLLBACK AND CHAIN",
                                         "ABORT",
                                         "SAVEPOINT a",
                                         "RELEASE a",
                                         "RELEASE SAVEPOINT a",
                                         "PREPARE TRANSACTION 'x'",
                                         "prepare /* x */ transaction 'x'",
                                         "SET TRANSACTION READ WRITE",
                                         "set\ntransaction isolation level serializable",
                                         "SET TRANSACTION SNAPSHOT '1'",
                                         "SET LOCAL TRANSACTION READ WRITE",
                                         "SET SESSION TRANSACTION READ WRITE"});
}

TEST(StatementKindTest, TellsPrepareFromPrepareTransaction) {
  ExpectKind(Kind::kOther,
             {"PREPARE x AS SELECT 1", "PREPARE transactions AS SELECT 1",
              "PREPARE transaction1 AS SELECT 1", "PREPARE transaction$a AS SELECT 1",
              "PREPARE transactioné AS SELECT 1"});
}

TEST(StatementKindTest, TakesSettingsForOther) {
  ExpectKind(Kind::kOther,
             {"SET search_path TO a", "SET LOCAL search_path TO a",
              "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
              "SET SESSION AUTHORIZATION a", "SET transaction_read_only = off",
              "SET ROLE a", "RESET ALL"});
}

TEST(StatementKindTest, KnowsCopyAndListen) {
  ExpectKind(Kind::kCopy, {"COPY t TO STDOUT", "copy (select 1) to stdout"});
  ExpectKind(Kind::kListen, {"LISTEN a", "listen \"a\""});
}

TEST(StatementKindTest, TakesAllElseForOther) {
  ExpectKind(Kind::kOther, {"EXPLAIN SELECT 1",
                            "SHOW all",
                            "CREATE TABLE t ()",
                            "DO $$ begin end $$",
                            "CALL p()",
                            "EXECUTE x",
                            "DEALLOCATE x",
                            "NOTIFY a",
                            "UNLISTEN *",
                            "DISCARD ALL",
                            "DECLARE c CURSOR FOR SELECT 1",
                            "selecting",
                            "begins",
                            "select1",
                            "begin_x",
                            "\"select\" 1",
                            "1",
                            "'BEGIN'",
                            "$1",
                            "é",
                            "-",
                            "/",
                            "- - x",
                            "copying",
                            "listener",
                            "SET",
                            "PREPARE"});
}

TEST(StatementKindTest, KnowsEmptyStatements) {
  ExpectKind(Kind::kEmpty, {"", " ", "\t\r\n\f", ";", " ; ; ", "-- only this",
                            "/* this */", "/* /* nested */ */ ;", "--a\n--b",
                            "/* never ended", "/* a /* b */ never ended"});
}

TEST(StatementKindTest, SkipsWhatMayStandBeforeAKeyword) {
  for (const std::string before :
       {" ", "\n\t", ";", "; ;", "-- note\n", "-- note\r", "--\n", "/**/", "/* a */",
        "/* a /* b */ c */", "/***/", "/* -- */", "-- /*\n", "/*/**/*/", "/* a **/",
        " /* a */ -- b\n ; "}) {
    EXPECT_EQ(ClassifyStatement(before + "COMMIT"), Kind::kTransactionControl) << before;
    EXPECT_EQ(ClassifyStatement(before + "SELECT 1"), Kind::kPlain) << before;
  }
  ExpectKind(Kind::kPlain, {"(SELECT 1)", "((SELECT 1) UNION (SELECT 2))",
                            "(/* a */(SELECT 1))", "( -- b\n VALUES (1))"});
}

TEST(StatementKindTest, DoesNotLookIntoComments) {
  ExpectKind(Kind::kOther, {"-- SELECT 1\nSHOW all", "/* BEGIN */ SHOW all",
                            "/* /* */ SELECT 1 */ SHOW all"});
  ExpectKind(Kind::kEmpty, {"-- SELECT 1", "/* SELECT 1 */"});
}

TEST(StatementKindTest, TakesAnyBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string sql = {static_cast<char>(first), static_cast<char>(second)};
      ClassifyStatement(sql);
      ClassifyStatement("/*" + sql);
      ClassifyStatement("set" + sql);
    }
  }
}

TEST(StatementKindTest, TakesDeepNesting) {
  std::string comments;
  for (int i = 0; i < 100000; ++i) comments += "/*";
  for (int i = 0; i < 100000; ++i) comments += "*/";

  EXPECT_EQ(ClassifyStatement(comments + "COMMIT"), Kind::kTransactionControl);
}

}  // namespace
}  // namespace pgsluice
