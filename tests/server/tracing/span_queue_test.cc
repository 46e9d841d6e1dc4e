#include "server/tracing/span_queue.h"

#include <thread>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr absl::Duration kNever = absl::Hours(1);

TracedCall Call(size_t spans, uint8_t number = 1) {
  TracedCall call;
  call.trace_id.bytes[0] = number;
  call.spans.resize(spans);
  return call;
}

uint64_t Dropped(const SpanQueue& queue, SpanDrop why) {
  return queue.totals().dropped[static_cast<size_t>(why)];
}

TEST(SpanQueueTest, GivesAFullBatchAtOnceInOrderAndWholeCalls) {
  SpanQueue queue({.max_spans = 100, .max_batch = 5, .interval = kNever});
  queue.Put(Call(3, 1));
  queue.Put(Call(2, 2));
  queue.Put(Call(3, 3));
  queue.Put(Call(3, 4));

  const SpanQueue::Batch first = queue.Take();
  const SpanQueue::Batch second = queue.Take();

  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].trace_id.bytes[0], 1);
  EXPECT_EQ(first[1].trace_id.bytes[0], 2);
  // The next call would be one span too many.
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].trace_id.bytes[0], 3);
  EXPECT_EQ(queue.spans(), 3u);
}

TEST(SpanQueueTest, ACallLargerThanABatchIsOne) {
  SpanQueue queue({.max_spans = 100, .max_batch = 5, .interval = kNever});
  queue.Put(Call(7));

  EXPECT_EQ(CountSpans(queue.Take()), 7u);
}

TEST(SpanQueueTest, GivesWhatThereIsAfterTheInterval) {
  SpanQueue queue(
      {.max_spans = 100, .max_batch = 50, .interval = absl::Milliseconds(20)});
  queue.Put(Call(2));
  const absl::Time begun = absl::Now();

  EXPECT_EQ(CountSpans(queue.Take()), 2u);
  EXPECT_GE(absl::Now() - begun, absl::Milliseconds(15));
}

TEST(SpanQueueTest, DropsTheNewestCallAsAWholeWhenItIsFull) {
  SpanQueue queue({.max_spans = 5, .max_batch = 100, .interval = kNever});
  queue.Put(Call(3, 1));
  queue.Put(Call(3, 2));
  queue.Put(Call(2, 3));

  EXPECT_EQ(Dropped(queue, SpanDrop::kQueueFull), 3u);
  // What is full is due, however large a batch may be.
  const SpanQueue::Batch batch = queue.Take();
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[1].trace_id.bytes[0], 3);
}

TEST(SpanQueueTest, CountsWhatACallHadTooMany) {
  SpanQueue queue({});
  TracedCall call = Call(2);
  call.left_out = 9;
  queue.Put(std::move(call));

  EXPECT_EQ(Dropped(queue, SpanDrop::kCallLimit), 9u);
}

TEST(SpanQueueTest, ClosedItGivesTheRestAndThenNothing) {
  SpanQueue queue({.max_spans = 100, .max_batch = 4, .interval = kNever});
  queue.Put(Call(3));
  queue.Put(Call(3));
  queue.Close();
  queue.Put(Call(2));

  EXPECT_EQ(CountSpans(queue.Take()), 3u);
  EXPECT_EQ(CountSpans(queue.Take()), 3u);
  EXPECT_TRUE(queue.Take().empty());
  EXPECT_EQ(Dropped(queue, SpanDrop::kShutdown), 2u);
}

TEST(SpanQueueTest, ClosingEndsAWait) {
  SpanQueue queue({.max_spans = 100, .max_batch = 50, .interval = kNever});
  SpanQueue::Batch batch;
  std::thread taker([&] { batch = queue.Take(); });
  queue.Put(Call(2));
  queue.Close();
  taker.join();

  EXPECT_EQ(CountSpans(batch), 2u);
}

TEST(SpanQueueTest, EveryReasonHasAName) {
  for (size_t i = 0; i < kSpanDrops; ++i) {
    EXPECT_NE(SpanDropName(static_cast<SpanDrop>(i)), "other");
  }
}

}  // namespace
}  // namespace pgsluice
