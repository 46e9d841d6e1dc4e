#include "client/cpp/src/stream_query_source.h"

#include <utility>

#include "client/cpp/src/request.h"

namespace pgsluice::client {

StreamQuerySource::StreamQuerySource(std::shared_ptr<const ClientCore> core,
                                     Intent intent, absl::Time deadline,
                                     const v1::StreamQueryRequest& request,
                                     CausalContext* context)
    : core_(std::move(core)), intent_(intent), calls_(context) {
  PrepareContext(*core_, deadline, context_);
  reader_ = core_->stub->StreamQuery(&context_, request);
}

StreamQuerySource::~StreamQuerySource() {
  if (is_finished_) return;
  context_.TryCancel();
  // gRPC wants every message read before Finish.
  v1::StreamQueryResponse ignored;
  while (reader_->Read(&ignored)) {
  }
  reader_->Finish();
}

absl::StatusOr<v1::StreamHeader> StreamQuerySource::ReadHeader() {
  v1::StreamQueryResponse message;
  if (!reader_->Read(&message)) {
    absl::Status ended = Finish();
    return ended.ok() ? absl::DataLossError("the stream ended without a header") : ended;
  }
  if (!message.has_header()) {
    return absl::DataLossError("the stream did not begin with a header");
  }
  return std::move(*message.mutable_header());
}

absl::StatusOr<RowSource::Part> StreamQuerySource::Next() {
  v1::StreamQueryResponse message;
  if (!reader_->Read(&message)) {
    absl::Status ended = Finish();
    return ended.ok() ? absl::DataLossError(
                            "the stream ended without a trailer: rows may be missing")
                      : ended;
  }
  switch (message.part_case()) {
    case v1::StreamQueryResponse::kRows: return Part(std::move(*message.mutable_rows()));
    case v1::StreamQueryResponse::kTrailer: {
      v1::StreamQueryResponse extra;
      if (reader_->Read(&extra))
        return absl::DataLossError("a message after the trailer");
      absl::Status ended = Finish();
      if (!ended.ok()) return ended;
      NoteToken(calls_, message.trailer().token());
      return Part(std::move(*message.mutable_trailer()));
    }
    case v1::StreamQueryResponse::kHeader:
    case v1::StreamQueryResponse::PART_NOT_SET: break;
  }
  return absl::DataLossError("the stream brought a part that has no place there");
}

absl::Status StreamQuerySource::Finish() {
  is_finished_ = true;
  return CallFailure(reader_->Finish(), context_, WhenBrokenFor(intent_));
}

}  // namespace pgsluice::client
