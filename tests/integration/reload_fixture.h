// What tests of changes at run time stand on: a gateway with a configuration file of the
// test's own, load on it, and its admin port.
#pragma once

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/testing/admin_client.h"
#include "tests/testing/live_test.h"

namespace pgsluice::testing {

// Callers that go on calling; remembers what failed.
class Load final {
 public:
  Load(GatewayClient& client, int callers) {
    for (int i = 0; i < callers; ++i) {
      threads_.emplace_back([this, &client, i] {
        while (!is_over_) {
          const Answer answer =
              i % 2 == 0 ? client.Query("SELECT pg_backend_pid() FROM pg_sleep(0.002)")
                         : client.Read("SELECT pg_backend_pid() FROM pg_sleep(0.002)");
          ++calls_;
          if (answer.ok()) continue;
          const std::lock_guard lock(mutex_);
          failures_.push_back(answer.status.error_message());
        }
      });
    }
  }
  ~Load() { End(); }

  std::vector<std::string> End() {
    is_over_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return failures_;
  }
  int64_t calls() const { return calls_; }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<int64_t> calls_ = 0;
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> threads_;
};

class ReloadTest : public LiveTest {
 protected:
  // Beside the endpoints, by group.
  using Lines = std::map<std::string, std::vector<std::string>>;

  void SetUp() override {
    LiveTest::SetUp();
    static int number = 0;
    path_ = absl::StrCat(cluster().temp_path(), "/reload", ++number, ".yaml");
    for (size_t i = 0; i < cluster().size(); ++i) {
      conninfos_.push_back(cluster().server(i).conninfo());
    }
    lines_ = {{"pools",
               {"primary: {min_size: 1, max_size: 10, backoff_max: 300ms}",
                "replica: {min_size: 1, max_size: 10, backoff_max: 300ms}"}},
              {"probe", {"interval: 100ms"}},
              {"log", {"format: JSON"}},
              {"shutdown", {"drain_delay: 0s", "drain_deadline: 5s"}}};
  }

  void WriteFile() {
    std::string text = "endpoints:\n";
    for (size_t i = 0; i < conninfos_.size(); ++i) {
      absl::StrAppend(&text, "  - {name: server", i, ", conninfo: \"", conninfos_[i],
                      "\"", endpoint_extra_, "}\n");
    }
    for (const auto& [group, lines] : lines_) {
      absl::StrAppend(&text, group, ":\n");
      for (const std::string& line : lines) absl::StrAppend(&text, "  ", line, "\n");
    }
    std::ofstream(path_) << text;
  }
  void Start(std::vector<std::string> set = {}) {
    WriteFile();
    GatewaySettings settings;
    settings.config_file = path_;
    settings.set = std::move(set);
    settings.credentials = credentials_;
    StartGateway(std::move(settings));
    ASSERT_TRUE(gateway().IsReady());
    for (size_t i = 0; i < conninfos_.size(); ++i) {
      ASSERT_TRUE(SeesRole(i, i == 0 ? v1::ROLE_PRIMARY : v1::ROLE_REPLICA));
    }
  }
  AdminClient Admin() { return AdminClient(gateway().admin_port()); }
  v1::ReloadResponse Reload() {
    WriteFile();
    v1::ReloadResponse response;
    const grpc::Status status = Admin().Reload(response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static std::vector<std::string> PathsOf(
      const google::protobuf::RepeatedPtrField<v1::SettingChange>& changes) {
    std::vector<std::string> paths;
    for (const v1::SettingChange& change : changes) paths.push_back(change.path());
    return paths;
  }
  size_t CountLines(const std::string& text) {
    size_t count = 0;
    const std::vector<std::string> lines = absl::StrSplit(gateway().Log(), '\n');
    for (const std::string& line : lines) count += absl::StrContains(line, text) ? 1 : 0;
    return count;
  }
  void SetPools(int max_size) {
    lines_["pools"] = {absl::StrCat("primary: {min_size: 1, max_size: ", max_size,
                                    ", acquire_timeout: 15s}"),
                       absl::StrCat("replica: {min_size: 1, max_size: ", max_size,
                                    ", acquire_timeout: 15s}")};
  }
  ::testing::AssertionResult HasServed(const Load& load, int64_t calls) {
    const int64_t before = load.calls();
    return WaitFor("calls are served", [&] { return load.calls() >= before + calls; });
  }

  std::string path_;
  std::vector<std::string> conninfos_;
  std::string endpoint_extra_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;  // Of client().
  Lines lines_;
};

}  // namespace pgsluice::testing
