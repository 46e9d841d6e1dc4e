// What a result says beside its rows: columns, command tag, notices. Rules file.
#pragma once

#include <cstdint>
#include <vector>

#include "pgsluice/v1/query.pb.h"
#include "pgsluice/v1/value.pb.h"
#include "pool/result.h"

namespace pgsluice {

// Replaces `out`.
void ColumnsToProto(const std::vector<ColumnInfo>& columns,
                    google::protobuf::RepeatedPtrField<v1::Column>& out);

// Sets rows_affected, command_tag and notices; at most 16 of these.
void CommandToProto(const CommandResult& command, v1::QueryResponse& response);
// Of the COMMIT that belongs to it: its notices join those there are; at most 16 in all.
void AddNotices(const CommandResult& command, v1::QueryResponse& response);
// As CommandToProto above, and row_count.
void CommandToProto(const CommandResult& command, uint64_t row_count,
                    v1::StreamTrailer& trailer);

}  // namespace pgsluice
