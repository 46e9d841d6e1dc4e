// The exporter against a collector that takes, refuses, hangs or is not there.
#include "server/tracing/otlp_exporter.h"

#include <atomic>
#include <fstream>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

#include "tests/testing/certificate_authority.h"
#include "tests/testing/free_port.h"
#include "tests/testing/otlp_receiver.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/wait_for.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using testing::OtlpReceiver;
using testing::WaitFor;

class OtlpExporterTest : public ::testing::Test {
 protected:
  // Each call is a batch, sent at once.
  void Start(const std::string& endpoint) {
    options_.address = *ParseCollectorAddress(endpoint);
    auto channel = MakeCollectorChannel(options_);
    ASSERT_TRUE(channel.ok()) << channel.status();
    exporter_ = std::make_unique<OtlpExporter>(OtlpExporterDeps{
        .options = options_,
        .origin = {.resource = {{"service.name", "gate"}}, .version = "1"},
        .channel = *std::move(channel),
        .queue = &queue_,
        .places = [] { return EndpointPlaces(); },
        .on_change =
            [this](std::string_view trouble) {
              absl::MutexLock lock(&mutex_);
              troubles_.emplace_back(trouble);
            }});
  }
  void Put(size_t spans) {
    TracedCall call;
    call.trace_id.bytes[0] = 1;
    call.spans.resize(spans);
    for (Span& span : call.spans) span.id.bytes[0] = 1;
    queue_.Put(std::move(call));
  }
  uint64_t Dropped(SpanDrop why) const {
    return queue_.totals().dropped[static_cast<size_t>(why)];
  }
  std::vector<std::string> troubles() {
    absl::MutexLock lock(&mutex_);
    return troubles_;
  }
  static grpc::Status Busy(absl::Duration retry_delay) {
    google::rpc::RetryInfo info;
    info.mutable_retry_delay()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(retry_delay)));
    google::rpc::Status details;
    details.add_details()->PackFrom(info);
    return {grpc::StatusCode::UNAVAILABLE, "busy", details.SerializeAsString()};
  }

  ExportOptions options_{.timeout = absl::Seconds(10),
                         .give_up_after = absl::Seconds(20)};
  SpanQueue queue_{{.max_spans = 1000, .max_batch = 1}};
  absl::Mutex mutex_;
  std::vector<std::string> troubles_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<OtlpExporter> exporter_;
};

TEST_F(OtlpExporterTest, SendsWhatIsPut) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  options_.headers = {{"authorization", "Bearer abc"}};
  Start(receiver->endpoint());
  Put(3);
  Put(2);

  EXPECT_TRUE(WaitFor("all are there", [&] { return receiver->spans().size() == 5; }));
  EXPECT_TRUE(WaitFor("all are counted", [&] { return queue_.totals().exported == 5; }));
  EXPECT_EQ(receiver->header("authorization"), "Bearer abc");
  EXPECT_EQ(testing::AttributeOf(receiver->resource(), "service.name"), "gate");
  EXPECT_EQ(receiver->requests(), 2u);
  EXPECT_TRUE(troubles().empty());
}

TEST_F(OtlpExporterTest, TriesAgainWhatMayPass) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  receiver->AnswerWith(Busy(absl::Milliseconds(10)));
  Start(receiver->endpoint());
  Put(3);
  EXPECT_TRUE(WaitFor("it was refused", [&] { return receiver->requests() >= 1; }));
  receiver->AnswerWith(grpc::Status::OK);

  EXPECT_TRUE(
      WaitFor("it was sent again", [&] { return queue_.totals().exported == 3; }));
  EXPECT_EQ(receiver->spans().size(), 3u);
  EXPECT_GE(queue_.totals().failed_exports, 1u);
  EXPECT_EQ(Dropped(SpanDrop::kExportFailed), 0u);
  EXPECT_TRUE(WaitFor("it was told", [&] { return troubles().size() == 2; }));
  EXPECT_THAT(troubles()[0], HasSubstr("busy"));
  EXPECT_EQ(troubles()[1], "");
}

TEST_F(OtlpExporterTest, DropsWhatCannotPassAndGoesOn) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  receiver->AnswerWith({grpc::StatusCode::INVALID_ARGUMENT, "nonsense"});
  Start(receiver->endpoint());
  Put(3);
  EXPECT_TRUE(
      WaitFor("it is dropped", [&] { return Dropped(SpanDrop::kExportFailed) == 3; }));
  receiver->AnswerWith(grpc::Status::OK);
  Put(2);

  EXPECT_TRUE(WaitFor("the next is sent", [&] { return queue_.totals().exported == 2; }));
  EXPECT_EQ(queue_.totals().failed_exports, 1u);
}

TEST_F(OtlpExporterTest, GivesUpACollectorThatIsNotThere) {
  options_.give_up_after = absl::Milliseconds(100);
  Start("http://127.0.0.1:" + std::to_string(testing::PickFreePort()));
  Put(3);

  EXPECT_TRUE(
      WaitFor("it is dropped", [&] { return Dropped(SpanDrop::kExportFailed) == 3; }));
}

TEST_F(OtlpExporterTest, CountsWhatTheCollectorRejects) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  receiver->Reject(2);
  Start(receiver->endpoint());
  Put(5);

  EXPECT_TRUE(WaitFor("it is counted", [&] { return queue_.totals().exported == 3; }));
  EXPECT_TRUE(
      WaitFor("the rest, too", [&] { return Dropped(SpanDrop::kRejected) == 2; }));
  EXPECT_TRUE(WaitFor("it was told", [&] { return troubles().size() == 1; }));
  EXPECT_THAT(troubles()[0], HasSubstr("not these"));
}

TEST_F(OtlpExporterTest, AHangingCollectorIsLeftAfterTheTimeout) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  receiver->Hang(true);
  options_.timeout = absl::Milliseconds(100);
  options_.give_up_after = absl::Milliseconds(200);
  Start(receiver->endpoint());
  Put(3);

  EXPECT_TRUE(
      WaitFor("it is dropped", [&] { return Dropped(SpanDrop::kExportFailed) == 3; }));
}

TEST_F(OtlpExporterTest, FlushingSendsTheRest) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  SpanQueue queue({.max_spans = 1000, .max_batch = 500, .interval = absl::Hours(1)});
  options_.address = *ParseCollectorAddress(receiver->endpoint());
  OtlpExporter exporter(OtlpExporterDeps{.options = options_,
                                         .origin = {},
                                         .channel = *MakeCollectorChannel(options_),
                                         .queue = &queue,
                                         .places = [] { return EndpointPlaces(); },
                                         .on_change = [](std::string_view) {}});
  TracedCall call;
  call.spans.resize(4);
  queue.Put(std::move(call));
  exporter.Flush(absl::Seconds(20));

  EXPECT_EQ(receiver->spans().size(), 4u);
  EXPECT_EQ(queue.totals().exported, 4u);
}

TEST_F(OtlpExporterTest, FlushingWaitsSoLongAndNoLonger) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  receiver->Hang(true);
  options_.timeout = absl::Minutes(5);
  Start(receiver->endpoint());
  Put(3);
  EXPECT_TRUE(WaitFor("it hangs", [&] { return receiver->requests() == 1; }));
  Put(2);
  const absl::Time begun = absl::Now();
  exporter_->Flush(absl::Milliseconds(100));

  EXPECT_LT(absl::Now() - begun, absl::Seconds(10));
  EXPECT_EQ(Dropped(SpanDrop::kShutdown), 5u);
}

TEST_F(OtlpExporterTest, SpeaksTlsWithTheCaThatIsGiven) {
  const testing::TempDir temp;
  const testing::CertificateAuthority ca(temp.path(), "ca");
  const testing::CertificateAuthority other(temp.path(), "other");
  const testing::KeyPair own = ca.Issue("collector", "IP:127.0.0.1");
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back(
      {testing::ReadFile(own.key), testing::ReadFile(own.cert)});
  const auto receiver = OtlpReceiver::Start(grpc::SslServerCredentials(tls));
  ASSERT_NE(receiver, nullptr);
  const std::string endpoint = "https://127.0.0.1:" + std::to_string(receiver->port());

  options_.give_up_after = absl::Milliseconds(10);
  options_.ca_file = other.ca_file();
  Start(endpoint);
  Put(1);
  EXPECT_TRUE(
      WaitFor("it is dropped", [&] { return Dropped(SpanDrop::kExportFailed) == 1; }));
  EXPECT_EQ(receiver->requests(), 0u);
  exporter_.reset();  // Closes its queue.

  SpanQueue queue({.max_spans = 10, .max_batch = 1});
  options_.ca_file = ca.ca_file();
  options_.address = *ParseCollectorAddress(endpoint);
  OtlpExporter exporter(OtlpExporterDeps{.options = options_,
                                         .origin = {},
                                         .channel = *MakeCollectorChannel(options_),
                                         .queue = &queue,
                                         .places = [] { return EndpointPlaces(); },
                                         .on_change = [](std::string_view) {}});
  TracedCall call;
  call.spans.resize(1);
  queue.Put(std::move(call));
  EXPECT_TRUE(WaitFor("it is there", [&] { return receiver->spans().size() == 1; }));
}

TEST_F(OtlpExporterTest, ShowsItsCertificateToACollectorThatWantsOne) {
  const testing::TempDir temp;
  const testing::CertificateAuthority ca(temp.path(), "ca");
  const testing::KeyPair collector = ca.Issue("collector", "IP:127.0.0.1");
  const testing::KeyPair own = ca.Issue("gateway", "DNS:gateway");
  grpc::SslServerCredentialsOptions tls(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = testing::ReadFile(ca.ca_file());
  tls.pem_key_cert_pairs.push_back(
      {testing::ReadFile(collector.key), testing::ReadFile(collector.cert)});
  const auto receiver = OtlpReceiver::Start(grpc::SslServerCredentials(tls));
  ASSERT_NE(receiver, nullptr);
  options_.address =
      *ParseCollectorAddress("https://127.0.0.1:" + std::to_string(receiver->port()));
  options_.ca_file = ca.ca_file();
  // Whether a span gets there.
  const auto sends = [this] {
    SpanQueue queue({.max_spans = 10, .max_batch = 1});
    OtlpExporter exporter(OtlpExporterDeps{.options = options_,
                                           .origin = {},
                                           .channel = *MakeCollectorChannel(options_),
                                           .queue = &queue,
                                           .places = [] { return EndpointPlaces(); },
                                           .on_change = [](std::string_view) {}});
    TracedCall call;
    call.spans.resize(1);
    queue.Put(std::move(call));
    const auto dropped = [&queue] {
      return queue.totals().dropped[static_cast<size_t>(SpanDrop::kExportFailed)];
    };
    EXPECT_TRUE(WaitFor("it is sent or dropped",
                        [&] { return queue.totals().exported + dropped() == 1; }));
    return queue.totals().exported == 1;
  };

  options_.give_up_after = absl::Milliseconds(10);
  EXPECT_FALSE(sends()) << "without a certificate";
  EXPECT_EQ(receiver->requests(), 0u);
  options_.give_up_after = absl::Seconds(20);
  options_.cert_file = own.cert;
  options_.key_file = own.key;
  EXPECT_TRUE(sends());
  EXPECT_EQ(receiver->spans().size(), 1u);
}

TEST_F(OtlpExporterTest, ReadsTheFileOfHeadersForEachRequest) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  const testing::TempDir temp;
  options_.headers_file = temp.path() + "/headers";
  std::ofstream(options_.headers_file) << "authorization=Bearer%20one\n";
  Start(receiver->endpoint());
  Put(1);
  EXPECT_TRUE(WaitFor("it is there", [&] { return receiver->spans().size() == 1; }));
  EXPECT_EQ(receiver->header("authorization"), "Bearer one");

  std::ofstream(options_.headers_file) << "authorization=Bearer%20two\n";
  Put(1);
  EXPECT_TRUE(WaitFor("it is there", [&] { return receiver->spans().size() == 2; }));
  EXPECT_EQ(receiver->header("authorization"), "Bearer two");
}

TEST_F(OtlpExporterTest, AFileThatIsNotThereIsNamedButNotItsContents) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  const testing::TempDir temp;
  options_.headers_file = temp.path() + "/headers";
  options_.give_up_after = absl::Milliseconds(10);
  std::ofstream(options_.headers_file) << "secret without equals";
  Start(receiver->endpoint());
  Put(1);

  EXPECT_TRUE(
      WaitFor("it is dropped", [&] { return Dropped(SpanDrop::kExportFailed) == 1; }));
  ASSERT_EQ(troubles().size(), 1u);
  EXPECT_THAT(troubles()[0], HasSubstr("tracing.headers_file"));
  EXPECT_THAT(troubles()[0], ::testing::Not(HasSubstr("secret")));
}

TEST(CollectorChannelTest, SaysWhichFileIsNoGood) {
  ExportOptions options{.address = {.target = "a:1", .has_tls = true},
                        .ca_file = "/nonexistent"};
  EXPECT_THAT(MakeCollectorChannel(options).status().message(),
              HasSubstr("tracing.ca_file"));
}

TEST(CollectorChannelTest, SaysWhatIsWrongWithTheCertificateAndItsKey) {
  const testing::TempDir temp;
  const testing::CertificateAuthority ca(temp.path(), "ca");
  const testing::KeyPair own = ca.Issue("own", "DNS:own");
  const testing::KeyPair other = ca.Issue("other", "DNS:other");
  const auto error_with = [](const std::string& cert, const std::string& key) {
    const ExportOptions options{.address = {.target = "a:1", .has_tls = true},
                                .cert_file = cert,
                                .key_file = key};
    return std::string(MakeCollectorChannel(options).status().message());
  };

  EXPECT_EQ(error_with(own.cert, own.key), "");
  EXPECT_THAT(error_with("/nonexistent", own.key), HasSubstr("tracing.cert_file: "));
  EXPECT_THAT(error_with(own.cert, "/nonexistent"), HasSubstr("tracing.key_file: "));
  EXPECT_THAT(error_with(own.cert, other.key), HasSubstr("not that of cert_file"));
  EXPECT_THAT(error_with(own.key, own.key), HasSubstr("no PEM certificate"));
  EXPECT_THAT(error_with(own.cert, own.cert), HasSubstr("no PEM private key"));
}

}  // namespace
}  // namespace pgsluice
