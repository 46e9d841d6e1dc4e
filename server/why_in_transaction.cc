#include "server/why_in_transaction.h"

#include <string>

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

absl::Status WithWhyInTransaction(const absl::Status& error, std::string_view why) {
  const auto details = DetailsOf(error);
  const bool is_in_transaction = details.has_value() && details->postgres.has_value() &&
                                 details->postgres->sqlstate == "25001";
  if (!is_in_transaction) return error;
  return MakeError(error.code(), StrCat(std::string(error.message()), "; with ", why),
                   *details);
}

}  // namespace pgsluice
