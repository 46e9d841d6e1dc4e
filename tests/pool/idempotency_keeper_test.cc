#include "pool/idempotency_keeper.h"

#include <atomic>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

// Finds what the test says; a sweep deletes one of `sweeps` rounds' worth.
class FakeStore final : public IdempotencyStore {
 public:
  absl::Status Look(const Endpoint& /*primary*/, IfNoTable if_no_table) override {
    absl::MutexLock lock(&mutex_);
    ++looks_;
    may_create_ = if_no_table == IfNoTable::kCreate;
    return found_;
  }
  absl::StatusOr<bool> Sweep(const Endpoint& /*primary*/,
                             absl::Duration /*retention*/) override {
    absl::MutexLock lock(&mutex_);
    ++swept_;
    return --sweeps_ > 0;
  }
  void Rest() override {}

  void Find(absl::Status found) {
    absl::MutexLock lock(&mutex_);
    found_ = std::move(found);
  }
  void Leave(int sweeps) {
    absl::MutexLock lock(&mutex_);
    sweeps_ = sweeps;
  }
  int looks() const {
    absl::MutexLock lock(&mutex_);
    return looks_;
  }
  int swept() const {
    absl::MutexLock lock(&mutex_);
    return swept_;
  }
  bool may_create() const {
    absl::MutexLock lock(&mutex_);
    return may_create_;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Status found_ ABSL_GUARDED_BY(mutex_);
  int sweeps_ ABSL_GUARDED_BY(mutex_) = 0;
  int looks_ ABSL_GUARDED_BY(mutex_) = 0;
  int swept_ ABSL_GUARDED_BY(mutex_) = 0;
  bool may_create_ ABSL_GUARDED_BY(mutex_) = false;
};

class IdempotencyKeeperTest : public ::testing::Test {
 protected:
  // Looks again only when nudged.
  void Start(const absl::Status& found = absl::OkStatus()) {
    auto store = std::make_unique<FakeStore>();
    store_ = store.get();
    store_->Find(found);
    keeper_ = std::make_unique<IdempotencyKeeper>(
        IdempotencyKeeperDeps{.store = std::move(store),
                              .table = {},
                              .upkeep = {.sweep_interval = absl::Hours(1)},
                              .primary = [this]() -> std::optional<Endpoint> {
                                if (!has_primary_) return std::nullopt;
                                return Endpoint{.name = "db1", .conninfo = ""};
                              },
                              .on_change = [this](const absl::Status&) { ++changes_; }});
  }
  void LookAgain() {
    const int looks = store_->looks();
    keeper_->Nudge();
    ASSERT_TRUE(WaitFor("it has looked", [&] { return store_->looks() > looks; }));
    keeper_->Nudge();
    ASSERT_TRUE(WaitFor("it was judged", [&] { return store_->looks() > looks + 1; }));
  }

  std::atomic<bool> has_primary_ = true;
  std::atomic<int> changes_ = 0;
  FakeStore* store_ = nullptr;
  std::unique_ptr<IdempotencyKeeper> keeper_;
};

TEST_F(IdempotencyKeeperTest, SaysNothingBeforeItHasLooked) {
  has_primary_ = false;
  Start();
  EXPECT_FALSE(keeper_->verdict().has_value());

  has_primary_ = true;
  EXPECT_TRUE(WaitFor("it has looked", [&] { return keeper_->verdict().has_value(); }));
  EXPECT_TRUE(keeper_->verdict()->ok());
  EXPECT_TRUE(store_->may_create());
}

TEST_F(IdempotencyKeeperTest, TellsWhatIsWrongUntilItIsNot) {
  Start(absl::FailedPreconditionError("it is made of paper"));
  ASSERT_TRUE(WaitFor("it has looked", [&] { return keeper_->verdict().has_value(); }));
  EXPECT_EQ(DetailsOf(*keeper_->verdict())->reason, "IDEMPOTENCY_TABLE_UNUSABLE");
  EXPECT_THAT(std::string(keeper_->verdict()->message()), HasSubstr("made of paper"));
  EXPECT_EQ(store_->swept(), 0);

  store_->Find(absl::OkStatus());
  LookAgain();
  EXPECT_TRUE(keeper_->verdict()->ok());
  EXPECT_EQ(changes_, 2);
}

TEST_F(IdempotencyKeeperTest, AServerThatDoesNotAnswerSaysNothingOfItsTable) {
  Start();
  ASSERT_TRUE(WaitFor("it has looked", [&] { return keeper_->verdict().has_value(); }));
  store_->Find(absl::UnavailableError("no answer"));
  LookAgain();

  EXPECT_TRUE(keeper_->verdict()->ok());
  EXPECT_EQ(changes_, 1);
}

TEST_F(IdempotencyKeeperTest, SweepsUntilNothingIsLeft) {
  Start();
  ASSERT_TRUE(WaitFor("it has swept", [&] { return store_->swept() == 1; }));
  store_->Leave(5);
  keeper_->Nudge();

  EXPECT_TRUE(WaitFor("all is swept", [&] { return store_->swept() == 6; }));
}

}  // namespace
}  // namespace pgsluice::testing
