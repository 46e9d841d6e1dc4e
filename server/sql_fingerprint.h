// Fingerprint: the number that stands for all statements of one shape. The same in every
// process, on every platform. Rules file.
//
// It is FNV-1a, 64 bits, of the normalised SQL (sql_normalizer.h), of whose bytes it
// takes
//   * letters outside of quoted names in lower case (ASCII only);
//   * a space only between two words;
//   * a parameter ($1) as "?", so that its number, or a constant in its place, makes no
//     difference;
//   * no space or semicolon at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgsluice {

uint64_t FingerprintOf(std::string_view normalized_sql);
// 16 hexadecimal digits.
std::string FingerprintText(uint64_t fingerprint);

}  // namespace pgsluice
