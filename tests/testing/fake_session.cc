#include "tests/testing/fake_session.h"

#include <utility>

#include "pool/error.h"

namespace pgsluice::testing {

asio::awaitable<absl::Status> FakeSession::Start(const Execution&) {
  co_return absl::UnimplementedError("a fake session runs no statements");
}

asio::awaitable<absl::Status> FakeSession::StartFlight(std::span<const Execution>,
                                                       FlightKind) {
  co_return absl::UnimplementedError("a fake session runs no statements");
}

asio::awaitable<absl::StatusOr<Fetched>> FakeSession::Fetch(RowSink&) {
  co_return absl::UnimplementedError("a fake session runs no statements");
}

void FakeSession::RequestStop(uint64_t, StopReason) {}

SessionFacts FakeSession::facts() const {
  absl::MutexLock lock(&mutex_);
  return facts_;
}

void FakeSession::SetFacts(const SessionFacts& facts) {
  absl::MutexLock lock(&mutex_);
  facts_ = facts;
}

void FakeSession::CleanUp(const CleanUpPlan& plan,
                          std::function<void(absl::Status)> done) {
  absl::MutexLock lock(&mutex_);
  plan_ = plan;
  done_ = std::move(done);
}

std::optional<CleanUpPlan> FakeSession::clean_up() const {
  absl::MutexLock lock(&mutex_);
  return plan_;
}

void FakeSession::EndCleanUp(const absl::Status& status) {
  std::function<void(absl::Status)> done;
  {
    absl::MutexLock lock(&mutex_);
    done = std::exchange(done_, nullptr);
    plan_.reset();
    if (status.ok()) facts_ = SessionFacts{};
  }
  if (done) done(status);
}

void FakeSession::Close() {
  absl::MutexLock lock(&mutex_);
  ++closes_;
}

int FakeSession::closes() const {
  absl::MutexLock lock(&mutex_);
  return closes_;
}

void FakeConnector::Connect(
    int shard, absl::Time deadline,
    std::function<void(absl::StatusOr<std::shared_ptr<Session>>)> done) {
  absl::MutexLock lock(&mutex_);
  asked_.push_back({shard, deadline});
  pending_.push_back({shard, std::move(done)});
}

size_t FakeConnector::outstanding() const {
  absl::MutexLock lock(&mutex_);
  return pending_.size();
}

std::vector<FakeConnector::Asked> FakeConnector::asked() const {
  absl::MutexLock lock(&mutex_);
  return asked_;
}

std::vector<std::shared_ptr<FakeSession>> FakeConnector::sessions() const {
  absl::MutexLock lock(&mutex_);
  return sessions_;
}

std::optional<FakeConnector::Pending> FakeConnector::TakeOldest() {
  absl::MutexLock lock(&mutex_);
  if (pending_.empty()) return std::nullopt;
  Pending oldest = std::move(pending_.front());
  pending_.pop_front();
  return oldest;
}

std::shared_ptr<FakeSession> FakeConnector::Succeed() {
  std::optional<Pending> oldest = TakeOldest();
  if (!oldest.has_value()) return nullptr;
  auto session = std::make_shared<FakeSession>(oldest->shard, loop_.get_executor());
  {
    absl::MutexLock lock(&mutex_);
    sessions_.push_back(session);
  }
  oldest->done(std::shared_ptr<Session>(session));
  return session;
}

bool FakeConnector::Fail(std::string_view cause) {
  return FailWith(ConnectFailed("e", cause));
}

bool FakeConnector::FailWith(const absl::Status& status) {
  std::optional<Pending> oldest = TakeOldest();
  if (!oldest.has_value()) return false;
  oldest->done(status);
  return true;
}

void FakeSession::Forget() {
  std::function<void(absl::Status)> forgotten;
  absl::MutexLock lock(&mutex_);
  forgotten.swap(done_);
}

void FakeConnector::Forget() {
  for (const auto& session : sessions()) session->Forget();
  std::deque<Pending> forgotten;
  absl::MutexLock lock(&mutex_);
  forgotten.swap(pending_);
}

}  // namespace pgsluice::testing
