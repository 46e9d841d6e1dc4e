#include "server/transaction_call.h"

#include "server/statement_run.h"
#include "server/transaction_stream.h"

namespace pgsluice {

asio::awaitable<void> ServeTransaction(std::shared_ptr<TransactionCall> call,
                                       const CallEnvironment& environment) {
  absl::Status status;
  {
    absl::StatusOr<Admission::Ticket> ticket =
        environment.admission.Admit(Admission::Kind::kTransaction);
    status = ticket.status();
    if (ticket.ok()) {
      call->LimitTime(environment.limits.max_transaction_duration,
                      environment.limits.max_transaction_duration);
      TransactionStream stream(call, environment);
      status = co_await stream.Run();
      stream.CountEnd(status);
    }
  }
  NudgeIfBlamed(environment, status);
  call->Ended();
  co_await call->Finish(ToCallStatus(*call, environment, status));
}

}  // namespace pgsluice
