#include "server/admission.h"

#include "pool/error.h"

namespace pgsluice {

absl::StatusOr<Admission::Ticket> Admission::Admit(Kind kind) {
  if (refuses_all_ || (kind == Kind::kTransaction && refuses_transactions_)) {
    ++refused_draining_;
    return Draining();
  }
  // Counted first, so that two racing calls cannot both take the last place.
  const size_t calls = ++calls_;
  const size_t transactions = kind == Kind::kTransaction ? ++transactions_ : 0;
  const size_t max_calls = max_calls_;
  const size_t max_transactions = max_transactions_;
  if (calls > max_calls || transactions > max_transactions) {
    Release(kind);
    ++(transactions > max_transactions ? refused_transactions_ : refused_calls_);
    return TooManyCalls(transactions > max_transactions ? max_transactions : max_calls);
  }
  return Ticket(*this, kind);
}

void Admission::Release(Kind kind) {
  --calls_;
  if (kind == Kind::kTransaction) --transactions_;
}

}  // namespace pgsluice
