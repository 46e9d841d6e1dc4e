#include "server/convert/result_to_proto.h"

#include <algorithm>

#include "server/convert/types.h"
#include "server/convert/utf8.h"

namespace pgsluice {
namespace {

constexpr int kMaxNotices = 16;
constexpr size_t kMaxNoticeBytes = 1024;

// Up to the limit for all.
void Add(const std::vector<NoticeInfo>& notices,
         google::protobuf::RepeatedPtrField<v1::Notice>& out) {
  for (const NoticeInfo& from : notices) {
    if (out.size() >= kMaxNotices) return;
    v1::Notice& notice = *out.Add();
    notice.set_severity(ToValidUtf8(from.severity));
    notice.set_sqlstate(from.sqlstate);
    notice.set_message(CutUtf8(from.message, kMaxNoticeBytes));
  }
}

template <class Message>
void SetCommand(const CommandResult& command, Message& message) {
  message.set_rows_affected(command.rows_affected);
  message.set_command_tag(command.command_tag);
  message.clear_notices();
  Add(command.notices, *message.mutable_notices());
}

}  // namespace

void ColumnsToProto(const std::vector<ColumnInfo>& columns,
                    google::protobuf::RepeatedPtrField<v1::Column>& out) {
  out.Clear();
  out.Reserve(static_cast<int>(columns.size()));
  for (const ColumnInfo& from : columns) {
    v1::Column& column = *out.Add();
    const std::string_view type_name = TypeName(from.type_oid);
    column.set_name(ToValidUtf8(from.name));
    column.set_type_oid(from.type_oid);
    column.set_type_name(type_name.data(), type_name.size());
    column.set_type_modifier(from.type_modifier);
    column.set_table_oid(from.table_oid);
    column.set_table_column(from.table_column);
  }
}

void CommandToProto(const CommandResult& command, v1::QueryResponse& response) {
  SetCommand(command, response);
}

void AddNotices(const CommandResult& command, v1::QueryResponse& response) {
  Add(command.notices, *response.mutable_notices());
}

void CommandToProto(const CommandResult& command, uint64_t row_count,
                    v1::StreamTrailer& trailer) {
  SetCommand(command, trailer);
  trailer.set_row_count(row_count);
}

}  // namespace pgsluice
