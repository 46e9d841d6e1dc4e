#include "pool/pg/pg_connector.h"

#include <utility>

#include "absl/time/clock.h"
#include "asio/co_spawn.hpp"
#include "asio/ip/address.hpp"

#include "pool/pg/conninfo.h"
#include "pool/pg/endpoint_files.h"
#include "pool/pg/pg_connection.h"
#include "pool/pg/pg_error.h"
#include "pool/pg/pg_session.h"
#include "pool/str_cat.h"
#include "pool/timer.h"

namespace pgsluice {

namespace {

using AddressesCompletion = Completion<HostAddresses>;

// Looks the host up at every dial, so that libpq need not (and block a shard). Setting
// `found` gives up.
asio::awaitable<absl::Status> Resolve(const std::string& endpoint,
                                      ConnectionParameters& parameters, NameLookup& names,
                                      std::shared_ptr<AddressesCompletion> found) {
  const std::string host = parameters.Get("host");
  const bool is_socket_path = host.empty() || host.front() == '/' || host.front() == '@';
  if (is_socket_path || !parameters.Get("hostaddr").empty()) co_return absl::OkStatus();
  asio::error_code error;
  asio::ip::make_address(host, error);
  if (!error) co_return absl::OkStatus();  // libpq has nothing to look up.
  names.Start(host, found);
  const HostAddresses addresses_of_host = co_await found->Wait();
  if (!addresses_of_host.ok()) {
    co_return ConnectFailed(
        endpoint, StrCat("could not resolve host \"", host,
                         "\": ", std::string(addresses_of_host.status().message())));
  }
  // libpq wants as many hosts as addresses, and ports if there are several.
  std::string hosts;
  std::string addresses;
  std::string ports;
  for (const std::string& address : *addresses_of_host) {
    const char* comma = hosts.empty() ? "" : ",";
    StrAppend(&hosts, comma, host);
    StrAppend(&addresses, comma, address);
    StrAppend(&ports, comma, parameters.Get("port"));
  }
  parameters.Set("host", hosts);
  parameters.Set("hostaddr", addresses);
  if (!parameters.Get("port").empty()) parameters.Set("port", ports);
  co_return absl::OkStatus();
}

// Drives the handshake; an interrupted wait ends it.
asio::awaitable<absl::Status> Handshake(const std::string& endpoint,
                                        PgConnection& connection) {
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  while (true) {
    connection.FollowSocket();
    const bool is_ready = next == PGRES_POLLING_READING
                              ? co_await connection.WaitReadable()
                              : co_await connection.WaitWritable();
    if (!is_ready) co_return ConnectFailed(endpoint, "timed out");
    next = PQconnectPoll(connection.get());
    if (next == PGRES_POLLING_OK) break;
    if (next == PGRES_POLLING_FAILED) {
      co_return ConnectError(endpoint, ConnectionError(connection.get()));
    }
  }
  PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
  connection.FollowSocket();
  co_return absl::OkStatus();
}

}  // namespace

PgConnector::PgConnector(PgConnectorDeps deps)
    : deps_(std::move(deps)), label_(LabelOf(deps_.endpoint)) {
  for (const asio::any_io_executor& shard : deps_.shards) {
    cancelers_.push_back(std::make_shared<Canceler>(shard, deps_.options.cancel_budget));
  }
}

void PgConnector::Connect(int shard, absl::Time deadline,
                          std::function<void(Result)> done) {
  asio::co_spawn(deps_.shards[shard], DoConnect(shard, deadline),
                 [self = shared_from_this(), done = std::move(done)](
                     const std::exception_ptr& failure, Result result) {
                   if (failure) result = ConnectFailed(self->label_, "internal error");
                   done(std::move(result));
                 });
}

asio::awaitable<PgConnector::Result> PgConnector::DoConnect(int shard,
                                                            absl::Time deadline) {
  auto self = shared_from_this();
  // One timer for all of it: files, names and handshake can be cut short.
  asio::any_io_executor executor = deps_.shards[shard];
  Timer timer(executor);
  std::unique_ptr<PgConnection> connection;
  std::optional<CancelKey> cancel_key;
  auto read = std::make_shared<ConninfoCompletion>();
  auto found = std::make_shared<AddressesCompletion>();
  timer.Set(deadline - absl::Now(), [&connection, read, found] {
    read->Set(absl::DeadlineExceededError("timed out reading its files"));
    found->Set(absl::DeadlineExceededError("no answer in time"));
    if (connection != nullptr) connection->Interrupt();
  });

  EndpointFiles files{.endpoint = deps_.endpoint,
                      .read_conninfo = deps_.read_conninfo,
                      .thread = deps_.file_thread};
  absl::StatusOr<ConnectionParameters> parameters =
      co_await ReadParameters(std::move(files), read);
  absl::Status status = parameters.status();
  if (status.ok()) status = co_await Resolve(label_, *parameters, *deps_.names, found);
  if (status.ok()) {
    AddSessionOptions(deps_.options, deps_.role, *parameters);
    PGconn* started =
        PQconnectStartParams(parameters->keywords().data(), parameters->values().data(),
                             /*expand_dbname=*/0);
    connection = std::make_unique<PgConnection>(started, executor);
    if (PQstatus(started) == CONNECTION_BAD) {
      status = ConnectFailed(label_, ConnectionError(started));
    } else if (absl::Now() >= deadline) {
      status = ConnectFailed(label_, "timed out");
    } else {
      CancelKeyReader key_reader(connection->get());
      status = co_await Handshake(label_, *connection);
      cancel_key = key_reader.key();
    }
  }
  timer.Cancel();
  if (!status.ok()) co_return status;

  PgSessionDeps deps{.endpoint = deps_.endpoint.name,
                     .role = deps_.role,
                     .shard = shard,
                     .executor = executor,
                     .options = deps_.options,
                     .canceler = cancelers_[shard],
                     .cancel_target = nullptr,
                     .cancel_tally = deps_.cancel_tally,
                     .cancel_budget = deps_.options.cancel_budget};
  if (cancel_key.has_value()) {
    deps.cancel_target = CancelTargetOf(connection->get(), *cancel_key);
  }
  co_return std::make_shared<PgSession>(std::move(deps), std::move(connection));
}

}  // namespace pgsluice
