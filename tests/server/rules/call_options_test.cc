#include "server/call_options.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr ResultLimits kLimits = {.max_rows = 1000, .max_bytes = 4096};

absl::StatusOr<CallOptions> Read(const v1::RequestOptions& proto) {
  return CallOptionsFromProto(proto, kLimits, ReadFallback::kPrimary);
}

TEST(CallOptionsTest, TakesDefaultsForWhatIsAbsent) {
  const auto options = CallOptionsFromProto({}, kLimits, ReadFallback::kNone);

  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->route.intent, Intent::kWrite);
  EXPECT_EQ(options->route.freshness.kind, Freshness::Kind::kAny);
  EXPECT_EQ(options->route.fallback, ReadFallback::kNone);
  EXPECT_EQ(options->result.max_rows, kLimits.max_rows);
  EXPECT_EQ(options->result.max_bytes, kLimits.max_bytes);
  EXPECT_EQ(options->statement_timeout, absl::ZeroDuration());
  EXPECT_EQ(options->tag, "");
  EXPECT_FALSE(options->wants_report);
  EXPECT_EQ(options->phase(), Phase::kAutocommit);
}

TEST(CallOptionsTest, ReadsIntentAndFreshness) {
  v1::RequestOptions proto;
  proto.set_intent(v1::INTENT_READ);
  EXPECT_EQ(Read(proto)->route.intent, Intent::kRead);
  EXPECT_EQ(Read(proto)->phase(), Phase::kRead);

  proto.mutable_freshness()->set_strong(true);
  EXPECT_EQ(Read(proto)->route.freshness.kind, Freshness::Kind::kStrong);

  proto.mutable_freshness()->set_strong(false);
  EXPECT_EQ(Read(proto)->route.freshness.kind, Freshness::Kind::kAny) << "not asked for";
  proto.mutable_freshness()->set_any(true);
  EXPECT_EQ(Read(proto)->route.freshness.kind, Freshness::Kind::kAny);

  proto.set_intent(v1::INTENT_WRITE);
  EXPECT_EQ(Read(proto)->phase(), Phase::kAutocommit);
}

TEST(CallOptionsTest, RefusesAnIntentItDoesNotKnow) {
  v1::RequestOptions proto;
  proto.set_intent(static_cast<v1::Intent>(99));

  EXPECT_EQ(Read(proto).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(Read(proto).status())->field, "options.intent");
}

TEST(CallOptionsTest, NeverExceedsTheServersLimits) {
  struct Case {
    uint64_t asked, rows, bytes;
  };
  for (const Case& c : {Case{0, 1000, 4096}, Case{1, 1, 1}, Case{1000, 1000, 1000},
                        Case{1001, 1000, 1001}, Case{UINT32_MAX, 1000, 4096}}) {
    v1::RequestOptions proto;
    proto.set_max_rows(c.asked);
    proto.set_max_bytes(c.asked);
    EXPECT_EQ(Read(proto)->result.max_rows, c.rows) << c.asked;
    EXPECT_EQ(Read(proto)->result.max_bytes, c.bytes) << c.asked;
  }
}

TEST(CallOptionsTest, ReadsTheStatementTimeout) {
  v1::RequestOptions proto;
  proto.mutable_statement_timeout()->set_seconds(2);
  proto.mutable_statement_timeout()->set_nanos(500'000'000);

  EXPECT_EQ(Read(proto)->statement_timeout, absl::Milliseconds(2500));
}

TEST(CallOptionsTest, RefusesANegativeTimeout) {
  v1::RequestOptions proto;
  proto.mutable_statement_timeout()->set_nanos(-1);

  EXPECT_EQ(DetailsOf(Read(proto).status())->field, "options.statement_timeout");
}

TEST(CallOptionsTest, ReadsTagAndReport) {
  v1::RequestOptions proto;
  proto.set_tag("checkout/pay 1");
  proto.set_report(true);

  EXPECT_EQ(Read(proto)->tag, "checkout/pay_1");
  EXPECT_TRUE(Read(proto)->wants_report);
}

TEST(CallOptionsTest, SanitisesTags) {
  EXPECT_EQ(SanitizeTag(""), "");
  EXPECT_EQ(SanitizeTag("aZ09._:/-"), "aZ09._:/-");
  EXPECT_EQ(SanitizeTag("a\nb\"c'd;e*f\\g"), "a_b_c_d_e_f_g");
  EXPECT_EQ(SanitizeTag("\xC3\xA9"), "__") << "plain ASCII only";
  EXPECT_EQ(SanitizeTag(std::string_view("\0x", 2)), "_x");
  EXPECT_EQ(SanitizeTag(std::string(100, 'a')), std::string(64, 'a'));
}

TEST(CallOptionsTest, ChecksIdempotencyKeys) {
  v1::RequestOptions proto;
  EXPECT_FALSE(Read(proto)->idempotency_key.has_value());
  for (const std::string& good :
       {std::string("k"), std::string(255, 'x'), std::string("8c5b-~!/:")}) {
    proto.set_idempotency_key(good);
    ASSERT_TRUE(Read(proto).ok()) << good;
    EXPECT_EQ(Read(proto)->idempotency_key, good);
  }
  for (const std::string& bad :
       {std::string(), std::string(256, 'x'), std::string("a b"), std::string("a\n"),
        std::string("\0", 1), std::string("\u00e4"), std::string("\x7f")}) {
    proto.set_idempotency_key(bad);
    EXPECT_EQ(Read(proto).status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(DetailsOf(Read(proto).status())->field, "options.idempotency_key");
  }
  proto.set_idempotency_key("k");
  EXPECT_FALSE(RefuseKey(*Read(proto), "why").ok());
  proto.set_intent(v1::INTENT_READ);
  EXPECT_EQ(DetailsOf(Read(proto).status())->field, "options.idempotency_key");
  EXPECT_TRUE(RefuseKey(CallOptions(), "why").ok());
}

}  // namespace
}  // namespace pgsluice
