#include "server/statement_table.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

namespace {

constexpr size_t kRowsForEachEviction = 20;
constexpr double kP99 = 0.99;

double Weight(const StatementRow& row, StatementOrder order) {
  switch (order) {
    case StatementOrder::kTotal: return absl::ToDoubleSeconds(row.total);
    case StatementOrder::kMean: return absl::ToDoubleSeconds(row.Mean());
    case StatementOrder::kP99: return absl::ToDoubleSeconds(row.Quantile(kP99));
    case StatementOrder::kCalls: return static_cast<double>(row.calls);
    case StatementOrder::kRows: return static_cast<double>(row.rows);
  }
  return 0;
}

}  // namespace

bool StatementTable::Record(const StatementKey& key, const StatementSample& sample) {
  const auto found = rows_.find(key);
  if (found == rows_.end()) return false;
  found->second.Add(sample);
  CountInSums(sample);
  return true;
}

void StatementTable::Add(const StatementKey& key, std::string normalized_sql,
                         const StatementSample& sample) {
  CountInSums(sample);
  if (max_rows_ == 0) return;
  if (rows_.size() >= max_rows_) Evict();
  StatementRow& row = rows_[key];
  row.key = key;
  row.sql = std::move(normalized_sql);
  row.Add(sample);
}

void StatementTable::Merge(const StatementTable& other) {
  for (const auto& [key, theirs] : other.rows_) {
    const auto [found, is_new] = rows_.try_emplace(key, theirs);
    if (!is_new) found->second.Merge(theirs);
  }
  evicted_ += other.evicted_;
  calls_ += other.calls_;
  total_ += other.total_;
}

std::vector<StatementRow> StatementTable::Rows() const {
  std::vector<StatementRow> rows;
  rows.reserve(rows_.size());
  for (const auto& [key, row] : rows_) rows.push_back(row);
  return rows;
}

void StatementTable::CountInSums(const StatementSample& sample) {
  ++calls_;
  total_ += sample.total();
}

void StatementTable::Evict() {
  std::vector<std::pair<absl::Duration, StatementKey>> rows;
  rows.reserve(rows_.size());
  for (const auto& [key, row] : rows_) rows.emplace_back(row.total, key);
  const size_t count = std::max<size_t>(1, max_rows_ / kRowsForEachEviction);
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(rows.begin(), end - 1, rows.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto row = rows.begin(); row != end; ++row) rows_.erase(row->second);
  evicted_ += count;
}

std::vector<StatementRow> TopRows(std::vector<StatementRow> rows, StatementOrder order,
                                  size_t limit) {
  std::vector<std::pair<double, size_t>> ranks;  // Weights are not for nothing.
  ranks.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) ranks.emplace_back(Weight(rows[i], order), i);
  limit = std::min(limit, rows.size());
  std::partial_sort(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(limit),
                    ranks.end(), [&rows](const auto& a, const auto& b) {
                      if (a.first != b.first) return a.first > b.first;
                      const StatementKey& left = rows[a.second].key;
                      const StatementKey& right = rows[b.second].key;
                      if (left.fingerprint != right.fingerprint)
                        return left.fingerprint < right.fingerprint;
                      return left.role < right.role;
                    });
  std::vector<StatementRow> top;
  top.reserve(limit);
  for (size_t i = 0; i < limit; ++i) top.push_back(std::move(rows[ranks[i].second]));
  return top;
}

}  // namespace pgsluice
