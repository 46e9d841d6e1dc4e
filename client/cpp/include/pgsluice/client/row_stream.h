// A streamed result: rows one after the other, of any number, in bounded memory.
#pragma once

#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"

#include "pgsluice/client/columns.h"
#include "pgsluice/client/row.h"
#include "pgsluice/client/row_block.h"
#include "pgsluice/v1/query.pb.h"

namespace pgsluice::client {

// Where the messages of a stream come from: a StreamQuery or a transaction.
class RowSource {
 public:
  using Part = std::variant<v1::StreamRows, v1::StreamTrailer>;
  virtual ~RowSource() = default;  // Ends the stream, read to its end or not.
  // The next part; a trailer is the last. An end without a trailer is an error.
  virtual absl::StatusOr<Part> Next() = 0;
};

// for (Row row : *stream) {...} and then look at status(): only OK means that these
// were all the rows. A stream that is dropped early is cancelled.
class RowStream final {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = const Row*;
    using reference = Row;

    Iterator() = default;
    explicit Iterator(RowStream* stream) : stream_(stream), row_(stream->Next()) {}
    Row operator*() const { return *row_; }
    Iterator& operator++() {
      row_ = stream_->Next();
      return *this;
    }
    bool operator==(const Iterator& other) const {
      return row_.has_value() == other.row_.has_value();
    }

   private:
    RowStream* stream_ = nullptr;
    std::optional<Row> row_;
  };

  // Without `columns` the first message of `source` brings them.
  RowStream(std::shared_ptr<const Columns> columns, v1::Route route,
            std::unique_ptr<RowSource> source)
      : columns_(std::move(columns)),
        route_(std::move(route)),
        source_(std::move(source)) {}

  // The next row, valid until the next call; nothing at the end or after an error.
  std::optional<Row> Next();
  Iterator begin() { return Iterator(this); }
  Iterator end() { return Iterator(); }

  // OK once the trailer came and agrees with the rows; FAILED_PRECONDITION before.
  const absl::Status& status() const { return status_; }

  // Null in a transaction's stream before the first Next(), or if that was an error.
  const Columns* columns() const { return columns_.get(); }
  const v1::Route& route() const { return route_; }
  // Set once status() is OK. Of a write, its token() makes a later read see it.
  const v1::StreamTrailer& trailer() const { return trailer_; }

 private:
  void End(absl::Status status);
  absl::Status CheckTrailer() const;

  // Shared with the blocks.
  std::shared_ptr<const Columns> columns_;
  v1::Route route_;
  std::unique_ptr<RowSource> source_;  // Null at the end.
  RowBlock block_;
  size_t next_in_block_ = 0;
  uint64_t rows_seen_ = 0;
  v1::StreamTrailer trailer_;
  absl::Status status_ =
      absl::FailedPreconditionError("the stream has not been read to its end");
};

}  // namespace pgsluice::client
