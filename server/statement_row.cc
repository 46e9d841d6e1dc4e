#include "server/statement_row.h"

#include <algorithm>

namespace pgsluice {

void StatementRow::Add(const StatementSample& sample) {
  const absl::Duration took = sample.total();
  if (calls == 0) name = sample.name;
  if (name != sample.name) name.clear();
  ++calls;
  if (sample.is_error) ++errors;
  rows += sample.rows;
  total += took;
  min = std::min(min, took);
  max = std::max(max, took);
  queued += sample.queued;
  execute += sample.execute;
  stream += sample.stream;
  times.Add(took);
  last_seen = sample.ended;
  last_tag = sample.tag;
}

void StatementRow::Merge(const StatementRow& other) {
  if (name != other.name) name.clear();
  calls += other.calls;
  errors += other.errors;
  rows += other.rows;
  total += other.total;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  queued += other.queued;
  execute += other.execute;
  stream += other.stream;
  times.Merge(other.times);
  if (other.last_seen <= last_seen) return;
  last_seen = other.last_seen;
  last_tag = other.last_tag;
}

absl::Duration StatementRow::Mean() const {
  return calls == 0 ? absl::ZeroDuration() : total / static_cast<double>(calls);
}

absl::Duration StatementRow::Quantile(double share) const {
  if (calls == 0) return absl::ZeroDuration();
  return std::clamp(times.Quantile(share), min, max);
}

}  // namespace pgsluice
