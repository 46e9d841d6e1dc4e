#include "server/convert/types.h"

#include <algorithm>
#include <array>
#include <string>

namespace pgsluice {
namespace {

struct BuiltInType {
  TypeOid oid;
  // Name of its array type, which is "_" and its own name.
  std::string_view array_name;
  TypeOid array_oid;  // 0: has no array type.
  ValueForm form = ValueForm::kText;

  constexpr std::string_view name() const { return array_name.substr(1); }
};

// pg_type of PostgreSQL 15, by oid; without what no column or parameter can be. The tests
// compare it with a server's catalog.
constexpr auto kTypes = std::to_array<BuiltInType>({
    {16, "_bool", 1000, ValueForm::kBool},
    {17, "_bytea", 1001, ValueForm::kBytes},
    {18, "_char", 1002},
    {19, "_name", 1003},
    {20, "_int8", 1016, ValueForm::kInt},
    {21, "_int2", 1005, ValueForm::kInt},
    {22, "_int2vector", 1006},
    {23, "_int4", 1007, ValueForm::kInt},
    {24, "_regproc", 1008},
    {25, "_text", 1009},
    {26, "_oid", 1028, ValueForm::kInt},
    {27, "_tid", 1010},
    {28, "_xid", 1011},
    {29, "_cid", 1012},
    {30, "_oidvector", 1013},
    {114, "_json", 199, ValueForm::kJson},
    {142, "_xml", 143},
    {600, "_point", 1017},
    {601, "_lseg", 1018},
    {602, "_path", 1019},
    {603, "_box", 1020},
    {604, "_polygon", 1027},
    {628, "_line", 629},
    {650, "_cidr", 651},
    {700, "_float4", 1021, ValueForm::kFloat4},
    {701, "_float8", 1022, ValueForm::kFloat8},
    {705, "_unknown", 0},
    {718, "_circle", 719},
    {774, "_macaddr8", 775},
    {790, "_money", 791},
    {829, "_macaddr", 1040},
    {869, "_inet", 1041},
    {1033, "_aclitem", 1034},
    {1042, "_bpchar", 1014},
    {1043, "_varchar", 1015},
    {1082, "_date", 1182},
    {1083, "_time", 1183},
    {1114, "_timestamp", 1115},
    {1184, "_timestamptz", 1185},
    {1186, "_interval", 1187},
    {1266, "_timetz", 1270},
    {1560, "_bit", 1561},
    {1562, "_varbit", 1563},
    {1700, "_numeric", 1231, ValueForm::kNumeric},
    {1790, "_refcursor", 2201},
    {2202, "_regprocedure", 2207},
    {2203, "_regoper", 2208},
    {2204, "_regoperator", 2209},
    {2205, "_regclass", 2210},
    {2206, "_regtype", 2211},
    {2249, "_record", 2287},
    {2275, "_cstring", 1263},
    {2278, "_void", 0},
    {2950, "_uuid", 2951},
    {2970, "_txid_snapshot", 2949},
    {3220, "_pg_lsn", 3221},
    {3614, "_tsvector", 3643},
    {3615, "_tsquery", 3645},
    {3642, "_gtsvector", 3644},
    {3734, "_regconfig", 3735},
    {3769, "_regdictionary", 3770},
    {3802, "_jsonb", 3807, ValueForm::kJson},
    {3904, "_int4range", 3905},
    {3906, "_numrange", 3907},
    {3908, "_tsrange", 3909},
    {3910, "_tstzrange", 3911},
    {3912, "_daterange", 3913},
    {3926, "_int8range", 3927},
    {4072, "_jsonpath", 4073},
    {4089, "_regnamespace", 4090},
    {4096, "_regrole", 4097},
    {4191, "_regcollation", 4192},
    {4451, "_int4multirange", 6150},
    {4532, "_nummultirange", 6151},
    {4533, "_tsmultirange", 6152},
    {4534, "_tstzmultirange", 6153},
    {4535, "_datemultirange", 6155},
    {4536, "_int8multirange", 6157},
    {5038, "_pg_snapshot", 5039},
    {5069, "_xid8", 271},
});
static_assert(std::ranges::is_sorted(kTypes, {}, &BuiltInType::oid));

struct ArrayType {
  TypeOid oid;
  const BuiltInType* element;
};

constexpr auto kArrays = [] {
  std::array<ArrayType, kTypes.size()> arrays{};
  for (size_t i = 0; i < kTypes.size(); ++i)
    arrays[i] = {kTypes[i].array_oid, &kTypes[i]};
  std::ranges::sort(arrays, {}, &ArrayType::oid);
  return arrays;
}();

struct Alias {
  std::string_view name;
  TypeOid oid;
};

constexpr auto kAliases = std::to_array<Alias>({
    {"boolean", 16},
    {"\"char\"", 18},
    {"bigint", 20},
    {"smallint", 21},
    {"int", 23},
    {"integer", 23},
    {"real", 700},
    {"float", 701},
    {"double precision", 701},
    {"char", 1042},
    {"character", 1042},
    {"character varying", 1043},
    {"char varying", 1043},
    {"time without time zone", 1083},
    {"timestamp without time zone", 1114},
    {"timestamp with time zone", 1184},
    {"time with time zone", 1266},
    {"bit varying", 1562},
    {"dec", 1700},
    {"decimal", 1700},
});

constexpr TypeOid kBox = 603;

template <class Entries>
auto FindByOid(const Entries& entries, TypeOid oid) -> decltype(entries.data()) {
  if (oid == 0) return nullptr;
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), oid,
      [](const auto& entry, TypeOid wanted) { return entry.oid < wanted; });
  return at != entries.end() && at->oid == oid ? &*at : nullptr;
}

// Lower case, single spaces, none at the ends.
std::string Normalise(std::string_view name) {
  std::string out;
  bool is_space_pending = false;
  for (const char c : name) {
    if (c == ' ' || c == '\t') {
      is_space_pending = !out.empty();
      continue;
    }
    if (is_space_pending) out += ' ';
    is_space_pending = false;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::optional<TypeOid> ScalarByName(std::string_view name) {
  const auto alias = std::ranges::find(kAliases, name, &Alias::name);
  if (alias != kAliases.end()) return alias->oid;
  const auto type = std::ranges::find(kTypes, name, &BuiltInType::name);
  if (type != kTypes.end()) return type->oid;
  return std::nullopt;
}

}  // namespace

std::string_view TypeName(TypeOid type) {
  if (const BuiltInType* found = FindByOid(kTypes, type)) return found->name();
  if (const ArrayType* found = FindByOid(kArrays, type))
    return found->element->array_name;
  return {};
}

std::optional<TypeOid> TypeByName(std::string_view name) {
  const std::string normal = Normalise(name);
  std::string_view element = normal;
  while (element.ends_with("[]")) {
    element.remove_suffix(2);
    while (element.ends_with(' ')) element.remove_suffix(1);
  }

  if (element.size() != normal.size()) {
    const std::optional<TypeOid> type = ScalarByName(element);
    return type ? ArrayOf(*type) : std::nullopt;
  }
  if (element.starts_with('_')) {
    const auto type = std::ranges::find(kTypes, element, &BuiltInType::array_name);
    if (type == kTypes.end() || type->array_oid == 0) return std::nullopt;
    return type->array_oid;
  }
  return ScalarByName(element);
}

std::optional<TypeOid> ElementOf(TypeOid array) {
  const ArrayType* found = FindByOid(kArrays, array);
  if (found == nullptr) return std::nullopt;
  return found->element->oid;
}

std::optional<TypeOid> ArrayOf(TypeOid element) {
  const BuiltInType* found = FindByOid(kTypes, element);
  if (found == nullptr || found->array_oid == 0) return std::nullopt;
  return found->array_oid;
}

char ArrayDelimiter(TypeOid element) { return element == kBox ? ';' : ','; }

ValueForm FormOf(TypeOid type) {
  const BuiltInType* found = FindByOid(kTypes, type);
  return found == nullptr ? ValueForm::kText : found->form;
}

}  // namespace pgsluice
