#include "server/sql_fingerprint.h"

#include "server/sql_characters.h"

namespace pgsluice {

namespace {

// http://www.isthe.com/chongo/tech/comp/fnv/
class Fnv1a64 final {
 public:
  void Add(char byte) {
    hash_ ^= static_cast<unsigned char>(byte);
    hash_ *= 0x100000001b3;
  }
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325;
};

std::string_view WithoutEnd(std::string_view sql) {
  const size_t last = sql.find_last_not_of("; ");
  return last == std::string_view::npos ? std::string_view() : sql.substr(0, last + 1);
}

}  // namespace

uint64_t FingerprintOf(std::string_view normalized_sql) {
  const std::string_view sql = WithoutEnd(normalized_sql);
  Fnv1a64 hash;
  char last = ' ';  // Of those taken.
  const auto take = [&hash, &last](char byte) {
    hash.Add(byte);
    last = byte;
  };
  size_t at = 0;
  while (at < sql.size()) {
    const char c = sql[at];
    const bool is_in_word = at > 0 && IsSqlWordByte(sql[at - 1]);
    if (c == ' ') {
      const char next = sql[at + 1];  // It does not end with a space.
      const bool is_between_words =
          IsSqlWordByte(last) && IsSqlWordByte(next) && next != '$';
      if (is_between_words) take(c);
      ++at;
    } else if (c == '"') {
      const size_t end = SkipSqlQuotedName(sql, at);
      for (; at < end; ++at) take(sql[at]);
    } else if (c == '$' && !is_in_word) {
      take('?');
      at = SkipSqlWord(sql, at + 1);
    } else {
      take(FoldSqlCase(c));
      ++at;
    }
  }
  return hash.hash();
}

std::string FingerprintText(uint64_t fingerprint) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = text.size(); i > 0; --i) {
    text[i - 1] = kDigits[fingerprint & 0xf];
    fingerprint >>= 4;
  }
  return text;
}

}  // namespace pgsluice
