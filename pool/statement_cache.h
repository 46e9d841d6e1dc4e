// The prepared statements of one session, least recently used out first. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pool/state_risk.h"
#include "pool/statement.h"

namespace pgsluice {

// Statements are the same when their SQL and the types of their parameters are. Holds
// plain ones only.
class StatementCache final {
 public:
  explicit StatementCache(size_t capacity) : capacity_(capacity) {}

  struct Prepared {
    std::string name;  // On the server.
    // Judged once here, not at every use.
    StateRisk risk = StateRisk::kPossible;
  };
  // Null when it is not there; counts as a use. Valid until the next change.
  const Prepared* Find(std::string_view sql, const std::vector<Parameter>& parameters);

  struct Inserted {
    std::string name;
    // To be deallocated on the server.
    std::optional<std::string> evicted_name;
  };
  // Names are never used again within a session.
  Inserted Insert(std::string_view sql, const std::vector<Parameter>& parameters);
  void Erase(std::string_view name);
  void Clear();
  size_t size() const { return entries_.size(); }

  // Whether it was asked about before: a statement is prepared from its second use on,
  // so that one that never comes back costs no preparation. Forgets all now and then.
  bool SeenBefore(std::string_view sql, const std::vector<Parameter>& parameters);

 private:
  struct Entry {
    size_t hash;
    std::string sql;
    std::vector<TypeOid> types;
    Prepared prepared;
  };
  using Entries = std::list<Entry>;  // Most recently used first.

  static size_t Hash(std::string_view sql, const std::vector<Parameter>& parameters);
  static bool Matches(const Entry& entry, std::string_view sql,
                      const std::vector<Parameter>& parameters);
  void EraseEntry(Entries::iterator entry);

  const size_t capacity_;
  uint64_t next_name_ = 1;
  Entries entries_;
  std::unordered_multimap<size_t, Entries::iterator> by_hash_;
  std::unordered_set<size_t> seen_;
};

}  // namespace pgsluice
