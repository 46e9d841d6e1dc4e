#include "server/caller_book.h"

#include <utility>

namespace pgsluice {

namespace {

std::shared_ptr<Admission> AdmissionOf(const CallerBook* book,
                                       const std::string& pattern) {
  if (book == nullptr) return nullptr;
  for (size_t i = 0; i < book->policies.size(); ++i) {
    if (book->policies[i].pattern == pattern) return book->admissions[i];
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<const CallerBook> MakeCallerBook(std::vector<CallerPolicy> policies,
                                                 const CallerBook* before) {
  auto book = std::make_shared<CallerBook>();
  for (const CallerPolicy& policy : policies) {
    const Admission::Limits limits = AdmissionLimitsOf(policy);
    std::shared_ptr<Admission> admission = AdmissionOf(before, policy.pattern);
    if (admission == nullptr) {
      admission = std::make_shared<Admission>(limits);
    } else {
      admission->set_limits(limits);
    }
    book->admissions.push_back(std::move(admission));
  }
  book->policies = std::move(policies);
  return book;
}

}  // namespace pgsluice
