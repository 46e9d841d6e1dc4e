// The built-in types of PostgreSQL: their OIDs, names and arrays. The OIDs are fixed for
// good, so results and parameters need no look-up in the catalog. Rules file.
#pragma once

#include <optional>
#include <string_view>

#include "pool/statement.h"

namespace pgsluice {

namespace type_oids {

inline constexpr TypeOid kInferred = 0;
inline constexpr TypeOid kBool = 16;
inline constexpr TypeOid kBytea = 17;
inline constexpr TypeOid kInt8 = 20;
inline constexpr TypeOid kFloat8 = 701;
inline constexpr TypeOid kNumeric = 1700;

}  // namespace type_oids

// How a type's text form becomes a Value.
enum class ValueForm { kText, kBool, kInt, kFloat4, kFloat8, kNumeric, kBytes, kJson };

// pg_type.typname ("int4", "_int4" for int4[]); empty for a type that is not built in.
std::string_view TypeName(TypeOid type);
// By catalog name, SQL name or array of these ("int4", "timestamp with time zone",
// "_int4", "int4[]", "integer[][]"), in any case. "char" is SQL's character, as in a
// cast; the single-byte type is "\"char\"", with the quotes, as there.
std::optional<TypeOid> TypeByName(std::string_view name);

// Element type of a built-in array type. Vectors (int2vector) are no arrays.
std::optional<TypeOid> ElementOf(TypeOid array);
std::optional<TypeOid> ArrayOf(TypeOid element);
// What stands between the elements of an array of `element`.
char ArrayDelimiter(TypeOid element);

// Form of the type itself; arrays and what is not built in: kText.
ValueForm FormOf(TypeOid type);

}  // namespace pgsluice
