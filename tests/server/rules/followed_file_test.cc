#include "server/followed_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/log.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Texts that begin with "bad" are no good.
class FollowedFileTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { StartLog(LogLevel::kInfo, LogFormat::kJson); }
  FollowedFileTest()
      : file_({.name = "fruits",
               .unit = "fruits",
               .take = [this](const std::string& text) -> absl::StatusOr<size_t> {
                 if (text.starts_with("bad")) return absl::InvalidArgumentError(text);
                 taken_.push_back(text);
                 return text.size();
               },
               .drop = [this] { taken_.push_back("(none)"); }}) {
    std::string pattern = ::testing::TempDir() + "followed_XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~FollowedFileTest() override { std::filesystem::remove_all(dir_); }

  std::string Path(const std::string& name) const { return dir_ + "/" + name; }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name)) << text;
  }
  std::string Follow(const std::string& name) {
    return std::string(file_.Follow(name.empty() ? "" : Path(name)).message());
  }
  // What the log is told by one look.
  std::string LoggedByLook() {
    ::testing::internal::CaptureStderr();
    file_.Look();
    return ::testing::internal::GetCapturedStderr();
  }

  std::string dir_;
  std::vector<std::string> taken_;
  FollowedFile file_;
};

TEST_F(FollowedFileTest, TakesWhatIsThereAndEveryOtherText) {
  Write("a", "apple");
  EXPECT_EQ(Follow("a"), "");
  EXPECT_FALSE(file_.Look());
  Write("a", "apricot");
  EXPECT_TRUE(file_.Look());
  EXPECT_FALSE(file_.Look());

  EXPECT_THAT(taken_, ElementsAre("apple", "apricot"));
}

TEST_F(FollowedFileTest, TakesAnEmptyTextOnce) {
  Write("a", "");
  EXPECT_EQ(Follow("a"), "");
  EXPECT_FALSE(file_.Look());

  EXPECT_THAT(taken_, ElementsAre(""));
}

TEST_F(FollowedFileTest, WithoutAPathThereIsNothingToLookAt) {
  EXPECT_FALSE(file_.has_path());
  EXPECT_FALSE(file_.Look());
  EXPECT_EQ(Follow(""), "");
  EXPECT_FALSE(file_.has_path());
  EXPECT_FALSE(file_.Look());
}

TEST_F(FollowedFileTest, WhatIsBadDoesNotReplaceWhatIsGood) {
  Write("a", "apple");
  EXPECT_EQ(Follow("a"), "");
  Write("a", "bad apple");
  EXPECT_FALSE(file_.Look());
  EXPECT_THAT(taken_, ElementsAre("apple"));

  Write("a", "apple");
  EXPECT_FALSE(file_.Look());
  Write("a", "apricot");
  EXPECT_TRUE(file_.Look());
  EXPECT_THAT(taken_, ElementsAre("apple", "apricot"));
}

TEST_F(FollowedFileTest, SaysWhichFileIsBadAndWhy) {
  EXPECT_THAT(Follow("missing"), HasSubstr(Path("missing") + ": cannot be read"));
  Write("b", "bad berry");
  EXPECT_EQ(Follow("b"), Path("b") + ": bad berry");
  EXPECT_TRUE(file_.has_path());
  EXPECT_TRUE(taken_.empty());

  // As soon as it is good, without being asked to follow it again.
  Write("b", "berry");
  EXPECT_TRUE(file_.Look());
  EXPECT_THAT(taken_, ElementsAre("berry"));
}

TEST_F(FollowedFileTest, ReadsTheSamePathAgainOnlyIfItWasBad) {
  Write("a", "apple");
  EXPECT_EQ(Follow("a"), "");
  Write("a", "apricot");
  EXPECT_EQ(Follow("a"), "");
  EXPECT_THAT(taken_, ElementsAre("apple"));

  Write("a", "bad apple");
  file_.Look();
  EXPECT_EQ(Follow("a"), Path("a") + ": bad apple");
  Write("a", "apricot");
  EXPECT_EQ(Follow("a"), "");
  EXPECT_THAT(taken_, ElementsAre("apple", "apricot"));
}

TEST_F(FollowedFileTest, GoesFromFileToFileAndToNone) {
  Write("a", "apple");
  Write("b", "berry");
  EXPECT_EQ(Follow("a"), "");
  EXPECT_EQ(Follow("b"), "");
  EXPECT_EQ(Follow(""), "");
  EXPECT_FALSE(file_.Look());
  EXPECT_EQ(Follow("b"), "");

  EXPECT_THAT(taken_, ElementsAre("apple", "berry", "(none)", "berry"));
}

TEST_F(FollowedFileTest, AfterForgettingTakesTheSameTextAgain) {
  Write("a", "apple");
  EXPECT_EQ(Follow("a"), "");

  file_.Forget();

  EXPECT_FALSE(file_.has_path());
  EXPECT_FALSE(file_.Look());
  EXPECT_THAT(taken_, ElementsAre("apple"));
  EXPECT_EQ(Follow("a"), "");
  EXPECT_THAT(taken_, ElementsAre("apple", "apple"));
}

TEST_F(FollowedFileTest, AfterForgettingCanDropWhatWasTaken) {
  Write("a", "apple");
  EXPECT_EQ(Follow("a"), "");

  file_.Forget();
  EXPECT_EQ(Follow(""), "");

  EXPECT_THAT(taken_, ElementsAre("apple", "(none)"));
}

TEST_F(FollowedFileTest, TellsAProblemOnceAndANewText) {
  Write("a", "apple");
  EXPECT_EQ(Follow("a"), "");
  EXPECT_EQ(LoggedByLook(), "");

  Write("a", "bad apple");
  EXPECT_THAT(LoggedByLook(),
              HasSubstr("the fruits are no good; those of before stay in use"));
  EXPECT_EQ(LoggedByLook(), "");

  // Another problem is news.
  Write("a", "bad as well");
  EXPECT_THAT(LoggedByLook(), HasSubstr("bad as well"));

  Write("a", "apricot");
  const std::string told = LoggedByLook();
  EXPECT_THAT(told, HasSubstr("new fruits"));
  EXPECT_THAT(told, Not(HasSubstr("no good")));
}

}  // namespace
}  // namespace pgsluice
