// What tests of `pgsluiced --doctor` stand on: a healthy primary with its replica, and
// what the doctor says of them.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

#include "pgsluice/doctor/v1/report.pb.h"
#include "tests/testing/postgres_cluster.h"
#include "tests/testing/process.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {

// Over the tests' own, which trade safety for speed.
inline constexpr char kSafe[] = R"(
fsync = on
full_page_writes = on
autovacuum = on
)";

struct Visit {
  int exit_status = -1;
  std::string output;
  doctor::v1::Report report;

  // Of an endpoint, "gateway" for the gateway's.
  std::vector<std::string> IdsOf(const std::string& endpoint) const {
    std::vector<std::string> ids;
    for (const doctor::v1::Finding& finding : report.findings()) {
      if (finding.endpoints().empty() && endpoint == "gateway") {
        ids.push_back(finding.id());
      }
      for (const std::string& name : finding.endpoints()) {
        if (name == endpoint) ids.push_back(finding.id());
      }
    }
    return ids;
  }
};

class DoctorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto created = PostgresCluster::Create({.replicas = 1, .configuration = kSafe});
    ASSERT_TRUE(created.ok()) << created.status();
    cluster_ = *std::move(created);
    cluster_->Sql(0, "CREATE ROLE app LOGIN");
    cluster_->Sql(0, "GRANT pg_read_all_stats TO app");
    ASSERT_TRUE(cluster_->WaitCaughtUp().ok());
  }
  static void TearDownTestSuite() { cluster_.reset(); }
  void SetUp() override { ASSERT_NE(cluster_, nullptr) << "no PostgreSQL"; }

  static PostgresCluster& cluster() { return *cluster_; }
  static std::string ConninfoOf(size_t server) {
    return absl::StrCat("host=127.0.0.1 port=", cluster().server(server).port(),
                        " dbname=postgres user=app sslmode=disable");
  }
  static std::vector<std::string> BothServers() { return {ConninfoOf(0), ConninfoOf(1)}; }

  static Visit See(const std::vector<std::string>& conninfos,
                   const std::vector<std::string>& sets = {}) {
    const Visit visit = Run("--doctor-json", conninfos, sets);
    Visit result = visit;
    EXPECT_TRUE(
        google::protobuf::util::JsonStringToMessage(visit.output, &result.report).ok())
        << visit.output;
    return result;
  }

  // Endpoints are named db0, db1, ...
  static Visit Run(const std::string& form, const std::vector<std::string>& conninfos,
                   const std::vector<std::string>& sets) {
    const std::string stem = absl::StrCat(cluster().temp_path(), "/doctor", ++visits_);
    std::ofstream file(stem + ".yaml");
    file << "endpoints:\n";
    for (size_t i = 0; i < conninfos.size(); ++i) {
      file << "  - name: db" << i << "\n    conninfo: \"" << conninfos[i] << "\"\n";
    }
    file.close();
    ProcessSpec spec;
    spec.argv = {PGSLUICED_PATH, "--config", stem + ".yaml", form};
    for (const std::string& set : sets) {
      spec.argv.insert(spec.argv.end(), {"--set", set});
    }
    spec.stdout_path = stem + ".out";
    spec.stderr_path = stem + ".err";
    Visit visit;
    // It promises half a minute; the machine may be busy.
    visit.exit_status = RunProcess(spec, absl::Seconds(60)).value_or(-1);
    visit.output = ReadFile(spec.stdout_path);
    EXPECT_EQ(ReadFile(spec.stderr_path), "");
    return visit;
  }

  static void Reload(size_t server, const std::string& setting,
                     const std::string& value) {
    cluster().Sql(server, "SELECT pg_reload_conf()");
    EXPECT_TRUE(WaitFor("the setting is in force", [&] {
      return cluster().Sql(server, "SELECT current_setting($1)", {setting}) == value;
    }));
  }

  static inline std::unique_ptr<PostgresCluster> cluster_;
  static inline int visits_ = 0;
};

}  // namespace pgsluice::testing
