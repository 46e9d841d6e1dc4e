#include "pool/wal_marks.h"

#include <algorithm>

namespace pgsluice {

namespace {

constexpr size_t kMost = 128;

// Every other one of the older half goes.
void ThinOut(std::vector<WalMark>& marks) {
  const size_t half = marks.size() / 2;
  size_t kept = 0;
  for (size_t i = 0; i < marks.size(); ++i) {
    if (i < half && i % 2 == 0) continue;
    marks[kept++] = marks[i];
  }
  marks.resize(kept);
}

}  // namespace

const std::vector<WalMark>& WalMarks::all() const {
  static const std::vector<WalMark>* const kNone = new std::vector<WalMark>();
  return marks_ == nullptr ? *kNone : *marks_;
}

WalMarks WalMarks::With(const WalMark& mark) const {
  if (!all().empty() && mark.at <= all().back().at) return *this;
  std::vector<WalMark> marks = all();
  if (!marks.empty() && marks.back().position == mark.position) {
    marks.back().at = mark.at;
  } else {
    marks.push_back(mark);
  }
  if (marks.size() > kMost) ThinOut(marks);
  WalMarks next;
  next.marks_ = std::make_shared<const std::vector<WalMark>>(std::move(marks));
  return next;
}

std::span<const WalMark> WalMarks::Since(absl::Time time) const {
  const std::vector<WalMark>& marks = all();
  const auto first = std::lower_bound(
      marks.begin(), marks.end(), time,
      [](const WalMark& mark, absl::Time since) { return mark.at < since; });
  return {first, marks.end()};
}

}  // namespace pgsluice
