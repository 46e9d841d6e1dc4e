#include "client/cpp/cli/query_command.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"

#include "client/cpp/cli/error_report.h"
#include "client/cpp/cli/query_report.h"
#include "client/cpp/cli/result_printer.h"
#include "client/cpp/cli/statement_splitter.h"

namespace pgsluice::cli {
namespace {

// As in COPY's text format.
constexpr char kNullParameter[] = "\\N";

struct Work {
  std::vector<std::string> statements;
  std::vector<client::Parameter> parameters;
};

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::NotFoundError("cannot read " + path + ": " + std::strerror(errno));
  }
  std::string text;
  char buffer[65536];
  size_t count = 0;
  while ((count = std::fread(buffer, 1, sizeof(buffer), file)) > 0) {
    text.append(buffer, count);
  }
  const bool has_failed = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (has_failed) return absl::InternalError("cannot read " + path);
  return text;
}

absl::StatusOr<Work> MakeWork(const QueryCommandOptions& options) {
  Work work;
  std::vector<std::string> words = options.words;
  if (!options.named.empty()) {
    if (!options.commands.empty() || !options.file.empty()) {
      return absl::InvalidArgumentError("--named goes without -c and -f");
    }
    work.statements = {options.named};
  } else if (!options.commands.empty()) {
    work.statements = options.commands;
  } else if (!options.file.empty()) {
    absl::StatusOr<std::string> script = ReadAll(options.file);
    if (!script.ok()) return script.status();
    work.statements = SplitStatements(*script);
  } else if (!words.empty()) {
    work.statements = {words.front()};
    words.erase(words.begin());
  } else if (!isatty(STDIN_FILENO)) {
    absl::StatusOr<std::string> script = ReadAll("-");
    if (!script.ok()) return script.status();
    work.statements = SplitStatements(*script);
  } else {
    return absl::InvalidArgumentError("no statement: give SQL, -c, -f or standard input");
  }
  words.insert(words.end(), options.parameters.begin(), options.parameters.end());
  for (const std::string& word : words) {
    work.parameters.push_back(word == kNullParameter ? client::Parameter(nullptr)
                                                     : client::Parameter(word));
  }
  if (!work.parameters.empty() && work.statements.size() != 1) {
    return absl::InvalidArgumentError("parameters need exactly one statement");
  }
  const bool is_one_query =
      work.statements.size() == 1 && !options.single_transaction && !options.stream;
  if (!options.idempotency_key.empty() && !is_one_query) {
    return absl::InvalidArgumentError(
        "--idempotency-key goes with one statement, without -1 and --stream");
  }
  const bool asks_freshness = !options.at_least.empty() ||
                              options.max_staleness.has_value() ||
                              options.if_unmet != v1::IF_UNMET_UNSPECIFIED;
  if (asks_freshness && !options.read) {
    return absl::InvalidArgumentError(
        "--at-least, --max-staleness and --if-unmet go with --read");
  }
  return work;
}

// One run of the command: the statements and what they print.
class QueryRun final {
 public:
  QueryRun(const client::Client& client, const ConnectionOptions& connection,
           const QueryCommandOptions& options)
      : client_(client), options_(options) {
    query_options_.intent = options.read ? client::Intent::kRead : client::Intent::kWrite;
    query_options_.strong = options.strong;
    query_options_.at_least = options.at_least;
    query_options_.max_staleness = options.max_staleness;
    query_options_.if_unmet = options.if_unmet;
    query_options_.timeout = connection.timeout;
    query_options_.max_rows = options.max_rows;
    query_options_.tag = options.tag;
    query_options_.report = options.report;
    if (!options.idempotency_key.empty()) {
      query_options_.idempotency_key = options.idempotency_key;
    }
    // Packed cells are PostgreSQL's own text; JSON wants arrays as arrays.
    query_options_.encoding = options.format == Format::kJson ? v1::ROW_ENCODING_VALUES
                                                              : v1::ROW_ENCODING_PACKED;
  }

  absl::Status RunOne(const std::string& sql, std::vector<client::Parameter> parameters) {
    return options_.stream ? Stream(sql, std::move(parameters))
                           : Query(sql, std::move(parameters));
  }

  absl::Status RunInOneTransaction(const Work& work, std::string& failed_sql) {
    client::TransactionOptions transaction_options;
    transaction_options.intent = query_options_.intent;
    transaction_options.timeout = query_options_.timeout;
    transaction_options.tag = query_options_.tag;
    transaction_options.at_least = query_options_.at_least;
    transaction_options.max_staleness = query_options_.max_staleness;
    transaction_options.if_unmet = query_options_.if_unmet;
    absl::StatusOr<client::Transaction> transaction = client_.Begin(transaction_options);
    if (!transaction.ok()) return transaction.status();
    for (const std::string& sql : work.statements) {
      failed_sql = sql;
      absl::StatusOr<client::ResultSet> result =
          transaction->Execute(StatementOf(sql), work.parameters);
      if (!result.ok()) return result.status();
      absl::Status printed = Print(*result);
      if (!printed.ok()) return printed;
    }
    failed_sql.clear();
    absl::Status committed = transaction->Commit();
    if (committed.ok() && options_.report) PrintToken(transaction->token());
    return committed;
  }

 private:
  client::Statement StatementOf(const std::string& text) const {
    return options_.named.empty() ? client::Statement(text)
                                  : client::Statement(client::Named{text});
  }

  absl::Status Query(const std::string& sql, std::vector<client::Parameter> parameters) {
    const absl::Time start = absl::Now();
    absl::StatusOr<client::ResultSet> result =
        client_.Query(StatementOf(sql), std::move(parameters), query_options_);
    if (!result.ok()) return result.status();
    absl::Status printed = Print(*result);
    if (result->replayed()) {
      std::fflush(stdout);
      std::fputs("-- replayed: it has run before, with the same key\n", stderr);
    }
    if (options_.report) {
      PrintReport(result->route(), result->timing(), absl::Now() - start);
      PrintToken(result->token());
    }
    return printed;
  }

  absl::Status Print(const client::ResultSet& result) {
    ResultPrinter printer(options_, Rows::kAllAtOnce, stdout);
    printer.Begin(result.columns());
    for (client::Row row : result) {
      absl::Status added = printer.Add(row);
      if (!added.ok()) return added;
    }
    printer.End(result.command_tag());
    PrintNotices(result.notices());
    return absl::OkStatus();
  }

  absl::Status Stream(const std::string& sql, std::vector<client::Parameter> parameters) {
    const absl::Time start = absl::Now();
    client::QueryOptions stream_options = query_options_;
    stream_options.max_rows = 0;
    absl::StatusOr<client::RowStream> stream =
        client_.StreamQuery(StatementOf(sql), std::move(parameters), stream_options);
    if (!stream.ok()) return stream.status();
    ResultPrinter printer(options_, Rows::kStreamed, stdout);
    printer.Begin(*stream->columns());
    for (client::Row row : *stream) {
      absl::Status added = printer.Add(row);
      if (!added.ok()) return added;
    }
    if (!stream->status().ok()) return stream->status();
    printer.End(stream->trailer().command_tag());
    PrintNotices(stream->trailer().notices());
    if (options_.report) {
      PrintReport(stream->route(), stream->trailer().timing(), absl::Now() - start);
      PrintToken(stream->trailer().token());
    }
    return absl::OkStatus();
  }

  static void PrintNotices(
      const google::protobuf::RepeatedPtrField<v1::Notice>& notices) {
    std::fflush(stdout);
    for (const v1::Notice& notice : notices) {
      std::fputs(NoticeReport(notice).c_str(), stderr);
    }
  }

  static void PrintReport(const v1::Route& route, const v1::Timing& timing,
                          absl::Duration total) {
    std::fflush(stdout);
    std::fputs(QueryReport(route, timing, total).c_str(), stderr);
  }

  static void PrintToken(const std::string& token) {
    std::fflush(stdout);
    std::fputs(TokenReport(token).c_str(), stderr);
  }

  const client::Client& client_;
  const QueryCommandOptions& options_;
  client::QueryOptions query_options_;
};

ExitCode Fail(const absl::Status& failure, const std::string& sql) {
  std::fflush(stdout);
  std::fputs(ErrorReport(failure, sql).c_str(), stderr);
  return ExitCodeFor(failure);
}

}  // namespace

ExitCode RunQueryCommand(const client::Client& client,
                         const ConnectionOptions& connection,
                         const QueryCommandOptions& options) {
  absl::StatusOr<Work> work = MakeWork(options);
  if (!work.ok()) {
    std::fprintf(stderr, "pgsluice: %s\n", std::string(work.status().message()).c_str());
    return ExitCode::kUsage;
  }
  QueryRun run(client, connection, options);
  if (options.single_transaction) {
    std::string failed_sql;
    absl::Status done = run.RunInOneTransaction(*work, failed_sql);
    if (done.ok()) return ExitCode::kOk;
    return Fail(done, options.named.empty() ? failed_sql : "");
  }
  for (const std::string& sql : work->statements) {
    absl::Status done = run.RunOne(sql, work->parameters);
    // A name is no text for an error to point into.
    if (!done.ok()) return Fail(done, options.named.empty() ? sql : "");
  }
  return ExitCode::kOk;
}

}  // namespace pgsluice::cli
