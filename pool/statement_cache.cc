#include "pool/statement_cache.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "pool/str_cat.h"

namespace pgsluice {

size_t StatementCache::Hash(std::string_view sql,
                            const std::vector<Parameter>& parameters) {
  size_t hash = std::hash<std::string_view>()(sql);
  for (const Parameter& parameter : parameters) {
    hash = (hash ^ parameter.type) * 0x9E3779B97F4A7C15u;
  }
  return hash;
}

bool StatementCache::Matches(const Entry& entry, std::string_view sql,
                             const std::vector<Parameter>& parameters) {
  return entry.sql == sql &&
         std::equal(entry.types.begin(), entry.types.end(), parameters.begin(),
                    parameters.end(), [](TypeOid type, const Parameter& parameter) {
                      return type == parameter.type;
                    });
}

const StatementCache::Prepared* StatementCache::Find(
    std::string_view sql, const std::vector<Parameter>& parameters) {
  const auto [first, last] = by_hash_.equal_range(Hash(sql, parameters));
  for (auto it = first; it != last; ++it) {
    if (!Matches(*it->second, sql, parameters)) continue;
    entries_.splice(entries_.begin(), entries_, it->second);
    return &entries_.front().prepared;
  }
  return nullptr;
}

StatementCache::Inserted StatementCache::Insert(
    std::string_view sql, const std::vector<Parameter>& parameters) {
  Inserted inserted;
  if (!entries_.empty() && entries_.size() >= capacity_) {
    inserted.evicted_name = entries_.back().prepared.name;
    EraseEntry(std::prev(entries_.end()));
  }
  Entry entry;
  entry.hash = Hash(sql, parameters);
  entry.sql = std::string(sql);
  for (const Parameter& parameter : parameters) entry.types.push_back(parameter.type);
  entry.prepared.name = StrCat("pgsluice_", next_name_++);
  entry.prepared.risk = JudgeStateRisk(StatementKind::kPlain, sql);
  inserted.name = entry.prepared.name;
  entries_.push_front(std::move(entry));
  by_hash_.emplace(entries_.front().hash, entries_.begin());
  return inserted;
}

void StatementCache::Erase(std::string_view name) {
  const auto entry =
      std::find_if(entries_.begin(), entries_.end(),
                   [name](const Entry& e) { return e.prepared.name == name; });
  if (entry != entries_.end()) EraseEntry(entry);
}

void StatementCache::EraseEntry(Entries::iterator entry) {
  const auto [first, last] = by_hash_.equal_range(entry->hash);
  for (auto it = first; it != last; ++it) {
    if (it->second != entry) continue;
    by_hash_.erase(it);
    break;
  }
  entries_.erase(entry);
}

void StatementCache::Clear() {
  entries_.clear();
  by_hash_.clear();
}

bool StatementCache::SeenBefore(std::string_view sql,
                                const std::vector<Parameter>& parameters) {
  constexpr size_t kSeenPerEntry = 4;
  if (seen_.size() >= kSeenPerEntry * std::max<size_t>(capacity_, 1)) seen_.clear();
  return !seen_.insert(Hash(sql, parameters)).second;
}

}  // namespace pgsluice
