// Folds what differs between two runs of one statement beside its constants: how long its
// lists are, and how its savepoints are named. Rules file.
#pragma once

#include <string>
#include <string_view>

namespace pgsluice {

// `sql` has its constants replaced by "?", and neither comments nor runs of spaces.
//
//   IN (?, ?, ?)               IN (...)
//   ARRAY[$1, $2]::int[]       ARRAY[...]::int[]
//   VALUES (?, NULL), (?, ?)   VALUES (...)
//   VALUES (?, f(?)), (?, f(?))  VALUES (?, f(?))
//   SAVEPOINT "s17"            SAVEPOINT ?
//
// Lists of constants and parameters are folded, with signs, type names and casts; rows
// of anything else are listed once for each shape. Takes time in proportion to the text.
std::string FoldSql(std::string_view sql);

}  // namespace pgsluice
