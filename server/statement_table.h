// Statistics of statements, a bounded number of them. Rules file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/node_hash_map.h"

#include "server/statement_row.h"

namespace pgsluice {

// By what TopRows puts first.
enum class StatementOrder { kTotal, kMean, kP99, kCalls, kRows };

class StatementTable final {
 public:
  // 0 rows: keeps only the sums.
  explicit StatementTable(size_t max_rows) : max_rows_(max_rows) {}

  // False, and nothing is counted, when there is no row of that key: then Add wants the
  // text, which costs more than all the rest.
  bool Record(const StatementKey& key, const StatementSample& sample);
  // Makes the row. A full table first drops one row in twenty, at least one: those of
  // the least total time. One by one, each new statement would cost a search.
  void Add(const StatementKey& key, std::string normalized_sql,
           const StatementSample& sample);
  // Takes over the rows and sums of `other`; may grow beyond its bound.
  void Merge(const StatementTable& other);

  std::vector<StatementRow> Rows() const;
  size_t size() const { return rows_.size(); }
  uint64_t evicted() const { return evicted_; }
  // Of all statements, with those of rows that are gone.
  uint64_t calls() const { return calls_; }
  absl::Duration total() const { return total_; }

 private:
  void CountInSums(const StatementSample& sample);
  void Evict();

  size_t max_rows_;
  absl::node_hash_map<StatementKey, StatementRow> rows_;
  uint64_t evicted_ = 0;
  uint64_t calls_ = 0;
  absl::Duration total_;
};

// The first `limit` of them; equal ones by fingerprint, so that a list that is shown
// again does not jump.
std::vector<StatementRow> TopRows(std::vector<StatementRow> rows, StatementOrder order,
                                  size_t limit);

}  // namespace pgsluice
