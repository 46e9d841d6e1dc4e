#include "tests/client/fake_gateway.h"

#include "google/rpc/error_details.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace pgsluice::testing {

FakeGateway::FakeGateway() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeGateway::~FakeGateway() { Stop(); }

std::string FakeGateway::address() const {
  return "dns:///localhost:" + std::to_string(port_);
}

void FakeGateway::Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

std::vector<v1::QueryRequest> FakeGateway::queries() const {
  std::lock_guard lock(mutex_);
  return queries_;
}

grpc::Status FakeGateway::Query(grpc::ServerContext*, const v1::QueryRequest* request,
                                v1::QueryResponse* response) {
  {
    std::lock_guard lock(mutex_);
    queries_.push_back(*request);
  }
  return on_query(*request, *response);
}

grpc::Status FakeGateway::StreamQuery(
    grpc::ServerContext*, const v1::StreamQueryRequest*,
    grpc::ServerWriter<v1::StreamQueryResponse>* writer) {
  for (const v1::StreamQueryResponse& part : stream_parts) {
    if (!writer->Write(part)) return grpc::Status::CANCELLED;
  }
  return stream_end;
}

grpc::Status FakeGateway::Transaction(grpc::ServerContext* context,
                                      TransactionServerStream* stream) {
  return on_transaction(*context, *stream);
}

google::rpc::Status MakeRpcStatus(const FailureOptions& options) {
  google::rpc::Status status;
  status.set_code(options.code);
  status.set_message(options.message);
  google::rpc::ErrorInfo info;
  info.set_reason(options.reason);
  info.set_domain("pgsluice.postgresql");
  status.add_details()->PackFrom(info);
  if (!options.sqlstate.empty()) {
    v1::PostgresError postgres;
    postgres.set_sqlstate(options.sqlstate);
    postgres.set_severity("ERROR");
    postgres.set_message(options.message);
    postgres.set_constraint(options.constraint);
    status.add_details()->PackFrom(postgres);
  }
  v1::RetryVerdict verdict;
  verdict.set_outcome(options.outcome);
  verdict.set_scope(options.scope);
  status.add_details()->PackFrom(verdict);
  return status;
}

grpc::Status MakeFailure(const FailureOptions& options) {
  return grpc::Status(options.code, options.message,
                      MakeRpcStatus(options).SerializeAsString());
}

void FillTwoRows(v1::QueryResponse& response) {
  v1::Column* id = response.add_columns();
  id->set_name("id");
  id->set_type_name("int4");
  v1::Column* name = response.add_columns();
  name->set_name("name");
  name->set_type_name("text");
  v1::Row* first = response.add_rows();
  first->add_values()->set_int64(1);
  first->add_values()->set_text("one");
  v1::Row* second = response.add_rows();
  second->add_values()->set_int64(2);
  second->add_values()->set_null(v1::NULL_VALUE_UNSPECIFIED);
  response.set_row_count(2);
  response.set_command_tag("SELECT 2");
}

grpc::Status PlayTransaction(TransactionServerStream& stream,
                             std::vector<std::string>& executed) {
  v1::TransactionRequest request;
  bool has_failed = false;
  while (stream.Read(&request)) {
    if (request.has_begin()) {
      v1::TransactionResponse begun;
      begun.set_seq(request.seq());
      begun.set_state(v1::TRANSACTION_STATE_ACTIVE);
      begun.mutable_begun()->mutable_route()->set_endpoint("primary-0");
      stream.Write(begun);
      if (request.request_case() == v1::TransactionRequest::REQUEST_NOT_SET) continue;
    }
    v1::TransactionResponse response;
    response.set_seq(request.seq());
    if (request.has_execute()) {
      const std::string& sql = request.execute().statement().sql();
      executed.push_back(sql);
      if (sql == "fail") {
        has_failed = true;
        *response.mutable_statement_error() = MakeRpcStatus({});
      } else {
        response.mutable_result()->set_command_tag("OK");
      }
      if (sql == "drain") {
        v1::TransactionResponse notice;
        notice.set_state(v1::TRANSACTION_STATE_ACTIVE);
        notice.mutable_draining()->mutable_finish_within()->set_seconds(7);
        stream.Write(notice);
      }
    } else if (request.has_query()) {
      v1::QueryResponse rows;
      FillTwoRows(rows);
      if (request.query().statement().sql() == "no rows") rows.clear_rows();
      rows.set_row_count(rows.rows_size());
      for (const v1::Row& row : rows.rows()) {
        v1::TransactionResponse part;
        part.set_seq(request.seq());
        part.set_state(v1::TRANSACTION_STATE_ACTIVE);
        if (&row == &rows.rows(0))
          *part.mutable_rows()->mutable_columns() = rows.columns();
        *part.mutable_rows()->add_rows() = row;
        part.mutable_rows()->set_row_count(1);
        stream.Write(part);
      }
      rows.clear_rows();
      *response.mutable_result() = rows;
    } else if (request.has_commit() && !has_failed) {
      executed.push_back("commit");
      response.mutable_committed();
    } else if (request.has_commit() || request.has_rollback()) {
      executed.push_back("rollback");
      response.mutable_rolled_back()->set_cause(
          has_failed ? v1::ROLLBACK_CAUSE_FAILED : v1::ROLLBACK_CAUSE_REQUESTED);
    } else {
      if (request.has_rollback_to()) has_failed = false;
      response.mutable_result()->set_command_tag("SAVEPOINT");
    }
    const bool is_over = request.has_commit() || request.has_rollback();
    response.set_state(is_over      ? v1::TRANSACTION_STATE_ENDED
                       : has_failed ? v1::TRANSACTION_STATE_FAILED
                                    : v1::TRANSACTION_STATE_ACTIVE);
    stream.Write(response);
    if (is_over) return grpc::Status::OK;
    if (!request.then_commit()) continue;
    executed.push_back(has_failed ? "rollback" : "commit");
    v1::TransactionResponse end;
    end.set_seq(request.seq());
    end.set_state(v1::TRANSACTION_STATE_ENDED);
    if (has_failed) {
      end.mutable_rolled_back()->set_cause(v1::ROLLBACK_CAUSE_FAILED);
    } else {
      end.mutable_committed();
    }
    stream.Write(end);
    return grpc::Status::OK;
  }
  executed.push_back("dropped");
  return grpc::Status::OK;
}

}  // namespace pgsluice::testing
