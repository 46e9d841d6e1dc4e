// Fixture of tests of tracing: the gateway sends its spans to a collector of ours.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"
#include "tests/testing/otlp_receiver.h"

namespace pgsluice::testing {

constexpr char kService[] = "pgsluice.v1.GatewayService/";

// What a caller that traces sends along.
struct CallersTrace {
  std::string trace_id = "0af7651916cd43dd8448eb211c80319c";
  std::string span_id = "b7ad6b7169203331";
  bool is_sampled = true;

  std::string header() const {
    return absl::StrCat("00-", trace_id, "-", span_id, is_sampled ? "-01" : "-00");
  }
};

using Spans = std::vector<OtlpSpan>;

inline absl::Duration LengthOf(const OtlpSpan& span) {
  return absl::Nanoseconds(
      static_cast<int64_t>(span.end_time_unix_nano() - span.start_time_unix_nano()));
}

inline Spans Named(const Spans& spans, std::string_view name) {
  Spans found;
  for (const OtlpSpan& span : spans) {
    if (span.name() == name) found.push_back(span);
  }
  return found;
}

inline Spans PartsOf(const Spans& spans, const OtlpSpan& parent) {
  Spans found;
  for (const OtlpSpan& span : spans) {
    if (span.parent_span_id() == parent.span_id()) found.push_back(span);
  }
  return found;
}

// Of a LiveTest.
template <class Fixture>
class Traced : public Fixture {
 public:
  void SetUp() override {
    Fixture::SetUp();
    receiver_ = OtlpReceiver::Start();
    ASSERT_NE(receiver_, nullptr);
  }

 protected:
  void StartTraced(std::vector<std::string> set = {}) {
    // Those of the test hold.
    set.insert(set.begin(),
               {"tracing.interval=20ms", "tracing.endpoint=" + receiver_->endpoint()});
    this->StartGateway(std::move(set));
    // Or the first call could have one more span.
    EXPECT_TRUE(this->gateway().HasPools(
        "a session of each is open", [this](const v1::PoolStatsResponse& stats) {
          for (size_t i = 0; i < this->cluster().size(); ++i) {
            if (TotalOpen(stats, absl::StrCat("server", i)) == 0) return false;
          }
          return true;
        }));
  }

  grpc::Status Query(const v1::QueryRequest& request, const CallersTrace& trace) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    context.AddMetadata("traceparent", trace.header());
    context.AddMetadata("tracestate", "vendor=x");
    v1::QueryResponse response;
    return this->client().stub().Query(&context, request, &response);
  }

  // The spans of the trace, once the call's own, which comes with all others, is there.
  Spans TraceOf(const CallersTrace& trace) {
    return Await([&](const OtlpSpan& span) {
      return span.kind() == OtlpSpan::SPAN_KIND_SERVER &&
             HexText(span.trace_id()) == trace.trace_id;
    });
  }
  // The same of a call to that method.
  Spans TraceOf(std::string_view method) {
    return Await([&](const OtlpSpan& span) {
      return span.name() == absl::StrCat(kService, std::string(method));
    });
  }
  // The one of that name; fails the test when there is not one.
  static OtlpSpan Only(const Spans& spans, std::string_view name) {
    const Spans found = Named(spans, name);
    EXPECT_EQ(found.size(), 1u) << "spans named " << name;
    return found.empty() ? OtlpSpan() : found.front();
  }

  OtlpReceiver& receiver() { return *receiver_; }

 private:
  template <class Condition>
  Spans Await(Condition is_own) {
    std::string trace_id;
    EXPECT_TRUE(WaitFor("the trace is there", [&] {
      for (const OtlpSpan& span : receiver_->spans()) {
        if (is_own(span)) trace_id = span.trace_id();
      }
      return !trace_id.empty();
    }));
    Spans spans;
    for (const OtlpSpan& span : receiver_->spans()) {
      if (span.trace_id() == trace_id) spans.push_back(span);
    }
    return spans;
  }

  std::unique_ptr<OtlpReceiver> receiver_;
};

}  // namespace pgsluice::testing
