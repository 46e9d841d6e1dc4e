// What every call has, whatever its shape. Confined to the call's shard.
#pragma once

#include <algorithm>
#include <functional>
#include <grpcpp/server_context.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "pool/statement.h"
#include "pool/stop_signal.h"
#include "pool/timer.h"
#include "server/call_audit.h"
#include "server/metrics/rpc_counters.h"
#include "server/shard.h"
#include "server/tracing/call_spans.h"

namespace pgsluice {

// Context, the signal that ends it, and its deadline. Shared by its coroutine and by gRPC
// until it says that the call is over.
class CallBase : public std::enable_shared_from_this<CallBase> {
 public:
  explicit CallBase(Shard& shard) : shard_(shard), deadline_timer_(shard.loop()) {
    context_.AsyncNotifyWhenDone(static_cast<void*>(&done_tag_));
  }
  CallBase(const CallBase&) = delete;
  CallBase& operator=(const CallBase&) = delete;
  virtual ~CallBase() {
    if (is_accepted_) shard_.OnCallGone();
  }

  Shard& shard() { return shard_; }
  grpc::ServerContext& context() { return context_; }
  StopSignal& stop() { return stop_; }
  absl::Time started() const { return started_; }
  absl::Time deadline() const { return deadline_; }
  // True when the caller named no deadline of its own.
  bool has_default_deadline() const { return has_default_deadline_; }
  // As authenticated; empty when authentication is off.
  const std::string& caller_name() const { return caller_name_; }
  void set_caller_name(std::string name) { caller_name_ = std::move(name); }
  // What its caller's entry sets for each of its statements, in their transaction: none
  // may run without. Null: nothing. Whoever sets it keeps it until the call goes.
  const Statement* settings() const { return settings_; }
  void set_settings(const Statement* settings) { settings_ = settings; }
  // What travels ahead of its statements, in their transaction: settings(), and what
  // names its trace to PostgreSQL. Null: nothing.
  const Statement* preamble() const {
    return preamble_.has_value() ? &*preamble_ : settings_;
  }
  // The same for a write that may have no transaction: null if none is needed.
  const Statement* write_preamble() const {
    return settings_ == nullptr ? nullptr : preamble();
  }
  void set_preamble(Statement preamble) { preamble_ = std::move(preamble); }
  // Ahead of a write that has no transaction: what names its trace. Null: nothing.
  const Statement* label() const {
    return preamble_.has_value() && settings_ == nullptr ? &*preamble_ : nullptr;
  }
  // Null: the call is not traced.
  CallSpans* spans() { return spans_.get(); }
  void Trace(std::unique_ptr<CallSpans> spans) { spans_ = std::move(spans); }
  // What the audit will say of it; null: nothing.
  CallAudit* audit() const { return audit_.get(); }
  void set_audit(std::unique_ptr<CallAudit> audit) { audit_ = std::move(audit); }
  // Until the call goes.
  void Keep(std::shared_ptr<void> what) { kept_ = std::move(what); }

  // gRPC handed the call over: from here on it will also say when it is over.
  void Accepted() {
    started_ = absl::Now();
    self_ = shared_from_this();
    is_accepted_ = true;
    shard_.OnCallAccepted();
    shard_.calls().insert(this);
  }

  // The call ends at its own deadline, or after `longest`, whichever is first; without a
  // deadline of its own, after `if_unset`.
  void LimitTime(absl::Duration if_unset, absl::Duration longest) {
    const absl::Time own = absl::FromChrono(context_.deadline());
    has_default_deadline_ = own > started_ + absl::Hours(24 * 365);
    deadline_ = has_default_deadline_ ? started_ + std::min(if_unset, longest)
                                      : std::min(own, started_ + longest);
    stop_.LimitTo(deadline_);
    // Ended() cancels it, before the call goes.
    deadline_timer_.Set(deadline_ - absl::Now(),
                        [this] { stop_.Stop(StopReason::kDeadline); });
  }

  // Where its messages and its end are counted; outlives it. Once, when it is accepted.
  void CountIn(RpcCounters& counters) {
    counters_ = &counters;
    counters.OnStarted();
  }
  void CountReceived() { counters_->OnReceived(); }
  void CountSent() { counters_->OnSent(); }
  // Before the caller can know of it.
  void CountHandled(const grpc::Status& status) {
    counters_->OnHandled(status.error_code(), absl::Now() - started_);
    if (audit_ != nullptr) WriteAudit(status);
    if (spans_ != nullptr) EndTrace(status);
  }

  // The coroutine is at its end: nothing may stop it any more.
  void Ended() {
    deadline_timer_.Cancel();
    shard_.calls().erase(this);
  }

  // What a call does when it is told that the server is shutting down; nothing by
  // default.
  std::function<void(absl::Duration finish_within)> on_drain;

 private:
  class DoneTag final : public CompletionTag {
   public:
    explicit DoneTag(CallBase& call) : call_(call) {}
    void Complete(bool) override {
      const std::shared_ptr<CallBase> self = std::move(call_.self_);
      if (call_.context_.IsCancelled()) {
        // At its deadline gRPC cancels the call, too.
        const bool is_late = absl::Now() >= call_.deadline_;
        call_.stop_.Stop(is_late ? StopReason::kDeadline : StopReason::kCancelled);
      }
    }

   private:
    CallBase& call_;
  };

  void EndTrace(const grpc::Status& status);  // In call_trace.cc.
  void WriteAudit(const grpc::Status& status);

  Shard& shard_;
  RpcCounters* counters_ = nullptr;  // Null until accepted.
  grpc::ServerContext context_;
  StopSignal stop_;
  Timer deadline_timer_;
  absl::Time started_;
  absl::Time deadline_ = absl::InfiniteFuture();
  bool has_default_deadline_ = false;
  std::string caller_name_;
  const Statement* settings_ = nullptr;
  std::optional<Statement> preamble_;  // Absent: settings_ alone.
  std::unique_ptr<CallSpans> spans_;
  std::unique_ptr<CallAudit> audit_;
  std::shared_ptr<void> kept_;  // Shared with nobody else; its type is its giver's.
  DoneTag done_tag_{*this};
  std::shared_ptr<CallBase> self_;  // Until gRPC says that the call is over.
  bool is_accepted_ = false;
};

}  // namespace pgsluice
