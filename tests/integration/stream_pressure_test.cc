// A slow or stalled reader of a large result: memory stays bounded, and a reader that
// takes nothing for too long is cut off.
#include <string>
#include <vector>

#include "tests/testing/live_test.h"
#include "tests/testing/sanitized.h"

namespace pgsluice::testing {
namespace {

constexpr int64_t kMebibyte = 1 << 20;
// Rows of about 1 kB, 400 MB in all.
constexpr char kLargeResult[] =
    "SELECT i, repeat(chr(97 + i % 26), 1000) FROM generate_series(1, 400000) i";

class StreamPressureTest : public LiveTest {};

TEST_F(StreamPressureTest, ASlowReaderCostsLessThan64MebibytesOfMemory) {
  StartGateway();
  ASSERT_TRUE(client().Stream(MakeStreamQuery("SELECT 1")).has_trailer);
  gateway().ResetPeakMemory();
  const int64_t before = gateway().PeakMemory();
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(60));
  const auto reader =
      client().stub().StreamQuery(&context, MakeStreamQuery(kLargeResult));
  v1::StreamQueryResponse part;

  uint64_t messages = 0;
  bool has_trailer = false;
  while (reader->Read(&part)) {
    has_trailer = part.has_trailer();
    // Slow on purpose, for as long as that shows: a reader that thinks.
    if (++messages < 500) absl::SleepFor(absl::Milliseconds(4));
  }

  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_TRUE(has_trailer);
  if (!kIsSanitized) {
    EXPECT_LT(gateway().PeakMemory() - before, 64 * kMebibyte);
  }
}

TEST_F(StreamPressureTest, StalledReadersAreCutOffAndHoldNoSession) {
  StartGateway({"limits.stream_stall_timeout=300ms"});
  grpc::ClientContext context;
  SetDeadline(context, absl::Seconds(60));
  const auto reader =
      client().stub().StreamQuery(&context, MakeStreamQuery(kLargeResult));
  v1::StreamQueryResponse part;
  ASSERT_TRUE(reader->Read(&part));

  // Reads nothing more until the gateway has lost patience.
  EXPECT_TRUE(gateway().HasPools(
      "the session is back", [](const auto& stats) { return TotalLeased(stats) == 0; }));
  EXPECT_TRUE(WaitFor("the statement is gone",
                      [] { return cluster().CountActive(0, "repeat(chr(97") == 0; }));
  bool has_trailer = false;
  while (reader->Read(&part)) has_trailer |= part.has_trailer();
  EXPECT_FALSE(has_trailer);
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_F(StreamPressureTest, ManyUnreadStreamsStayBounded) {
  constexpr int kStreams = 8;
  StartGateway();
  ASSERT_TRUE(client().Stream(MakeStreamQuery("SELECT 1")).has_trailer);
  gateway().ResetPeakMemory();
  const int64_t before = gateway().PeakMemory();

  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::StreamQueryResponse>>> readers;
  v1::StreamQueryResponse part;
  for (int i = 0; i < kStreams; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    SetDeadline(*contexts.back(), absl::Seconds(60));
    readers.push_back(client().stub().StreamQuery(contexts.back().get(),
                                                  MakeStreamQuery(kLargeResult)));
    ASSERT_TRUE(readers.back()->Read(&part));
  }
  // Enough for the buffers of all of them to fill: one stream is read a good way.
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(readers[0]->Read(&part));
  const int64_t growth = gateway().PeakMemory() - before;
  for (const auto& context : contexts) context->TryCancel();
  for (const auto& reader : readers) reader->Finish();

  if (!kIsSanitized) {
    EXPECT_LT(growth, 64 * kMebibyte);
  }
}

}  // namespace
}  // namespace pgsluice::testing
