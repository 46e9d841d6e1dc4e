// Looks into the WAL files of a server for a note. Blocks; throws pqxx's exceptions when
// the server does not answer. Confined to one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <pqxx/pqxx>

#include "pool/commit_outcome.h"
#include "pool/wal_window.h"

namespace pgsluice {

class WalReader final {
 public:
  // `connection` must outlive it.
  explicit WalReader(pqxx::connection& connection) : connection_(connection) {}

  // Whether the record that ends at `lsn`, once written on timeline `oldest`, holds
  // `note` in the WAL of this primary, which is on timeline `newest`.
  NoteInWal Find(const std::string& note, uint64_t lsn, uint32_t oldest, uint32_t newest);

  // The history file of a timeline; absent when there is none, or it may not be read.
  std::optional<std::string> History(uint32_t timeline);

 private:
  enum class Look { kUnread, kPresent, kAbsent };

  Look LookInFiles(const std::string& note, uint64_t lsn, uint32_t oldest,
                   uint32_t newest);
  // Absent when there is no such file, or it may not be read.
  std::optional<std::string> ReadFile(const std::string& name, uint64_t offset,
                                      uint64_t length);
  // That a note is not there is believed only of somebody who finds one that is: writes
  // one, and looks for it.
  bool FindsOwnNote(uint32_t timeline);

  pqxx::connection& connection_;
  WalLayout layout_;
};

}  // namespace pgsluice
