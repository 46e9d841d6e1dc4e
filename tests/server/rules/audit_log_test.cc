#include "server/audit_log.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"
#include "server/call_audit.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/wait_for.h"

namespace pgsluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempDir;
using testing::WaitFor;

std::string Content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

AuditOptions To(const std::string& file) {
  return {.is_on = true, .file = file, .max_queue_bytes = 1024 * 1024};
}

TEST(AuditLogTest, WritesAllThatIsQueuedInOrder) {
  const TempDir dir;
  const std::string path = dir.path() + "/audit";
  std::string expected;
  {
    AuditLog log;
    ASSERT_TRUE(log.Configure(To(path)).ok());
    for (int i = 0; i < 10000; ++i) {
      log.Write("line " + std::to_string(i));
      expected += "line " + std::to_string(i) + "\n";
    }
  }
  EXPECT_EQ(Content(path), expected);
}

TEST(AuditLogTest, AppendsAndOpensAnew) {
  const TempDir dir;
  const std::string path = dir.path() + "/audit";
  std::ofstream(path) << "before\n";
  AuditLog log;
  ASSERT_TRUE(log.Configure(To(path)).ok());
  log.Write("one");
  ASSERT_TRUE(WaitFor("it is written", [&] { return log.written() == 1; }));

  ASSERT_EQ(std::rename(path.c_str(), (path + ".1").c_str()), 0);
  ASSERT_TRUE(log.Configure(To(path)).ok());
  log.Write("two");
  ASSERT_TRUE(WaitFor("it is written", [&] { return log.written() == 2; }));

  EXPECT_EQ(Content(path + ".1"), "before\none\n");
  EXPECT_EQ(Content(path), "two\n");
}

TEST(AuditLogTest, WhatHasNoRoomIsDroppedAndCounted) {
  const TempDir dir;
  AuditOptions options = To(dir.path() + "/audit");
  options.max_queue_bytes = 10;
  AuditLog log;
  ASSERT_TRUE(log.Configure(options).ok());

  log.Write("longer than that");

  EXPECT_EQ(log.dropped(), 1u);
  log.Write("short");
  EXPECT_TRUE(WaitFor("it is written", [&] { return log.written() == 1; }));
}

TEST(AuditLogTest, AFullDiskCostsLinesAndNoHalfOneStays) {
  const TempDir dir;
  const std::string path = dir.path() + "/audit";
  AuditLog log;
  ASSERT_TRUE(log.Configure(To(path)).ok());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{25, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);

  log.Write("0123456789");
  log.Write("0123456789");
  log.Write("lost");
  const bool is_dropped = WaitFor("one is dropped", [&] { return log.dropped() == 1; });
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(is_dropped);
  log.Write("after");

  EXPECT_TRUE(WaitFor("there is room again", [&] { return log.written() == 3; }));
  // The three bytes that still went in are a line of their own.
  EXPECT_EQ(Content(path), "0123456789\n0123456789\nlos\nafter\n");
}

TEST(AuditLogTest, RefusesWhatIsNoFile) {
  const TempDir dir;
  AuditLog log;
  EXPECT_THAT(log.Configure(To(dir.path())).message(), HasSubstr("directory"));
  EXPECT_THAT(log.Configure(To("/dev/null")).message(), HasSubstr("no regular file"));
  EXPECT_THAT(log.Configure(To("/nonexistent/audit")).message(), HasSubstr("No such"));
  EXPECT_FALSE(log.is_on());
}

std::string LineOf(const std::string& path, CallAudit& audit, AuditLog& log,
                   absl::StatusCode code) {
  const uint64_t before = log.written();
  audit.Write({.name = "app", .peer = "ipv4:192.0.2.1:1", .trace_id = "abc"}, code,
              absl::Milliseconds(1.5));
  EXPECT_TRUE(WaitFor("it is written", [&] { return log.written() > before; }));
  const std::string content = Content(path);
  return content.substr(content.rfind('\n', content.size() - 2) + 1);
}

TEST(CallAuditTest, TellsOfACallInOneLine) {
  const TempDir dir;
  const std::string path = dir.path() + "/audit";
  AuditLog log;
  ASSERT_TRUE(log.Configure(To(path)).ok());

  CallAudit audit(log, "Batch");
  audit.NoteIntent("write");
  StatementReport report;
  report.sql = "SELECT 'secret'";
  report.name = "orders.find";
  report.endpoint = "a";
  report.rows = 2;
  audit.NoteStatement(report);
  report.endpoint = "b";
  report.rows = 3;
  audit.NoteStatement(report);
  report.name = "";
  report.rows = 0;
  audit.NoteStatement(report);
  audit.NoteTransaction("committed");
  EXPECT_THAT(
      LineOf(path, audit, log, absl::StatusCode::kOk),
      AllOf(HasSubstr("\"msg\":\"call\",\"logger\":\"audit\",\"method\":\"Batch\""),
            HasSubstr("\"outcome\":\"committed\""), HasSubstr("\"statements\":3"),
            HasSubstr("\"names\":\"orders.find\""), HasSubstr("\"rows\":5"),
            HasSubstr("\"endpoint\":\"b\""), HasSubstr("\"duration_ms\":1.500"),
            HasSubstr("\"trace_id\":\"abc\""), Not(HasSubstr("secret")),
            Not(HasSubstr(",\"fingerprints\":\"\""))));

  CallAudit failed(log, "Query");
  failed.NoteStatus(MakeError(absl::StatusCode::kAborted, "secret",
                              {.reason = "UNIQUE_VIOLATION",
                               .outcome = Outcome::kRolledBack,
                               .postgres = PostgresFields{.sqlstate = "23505"}}));
  EXPECT_THAT(LineOf(path, failed, log, absl::StatusCode::kAborted),
              AllOf(HasSubstr("\"outcome\":\"rolled_back\""),
                    HasSubstr("\"reason\":\"UNIQUE_VIOLATION\""),
                    HasSubstr("\"sqlstate\":\"23505\""), Not(HasSubstr("secret"))));

  CallAudit refused(log, "Query");
  refused.NoteRefusal("because\n\"so\"");
  EXPECT_THAT(
      LineOf(path, refused, log, absl::StatusCode::kPermissionDenied),
      AllOf(HasSubstr("\"msg\":\"call refused\""), HasSubstr("\"outcome\":\"refused\""),
            HasSubstr("\"why\":\"because\\n\\\"so\\\"\"")));
}

}  // namespace
}  // namespace pgsluice
