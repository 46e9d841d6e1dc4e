// Turns the cells of one column into Values. What to do is decided once, by the column's
// type. Rules file.
#pragma once

#include <string_view>

#include "pgsluice/v1/value.pb.h"
#include "pool/statement.h"
#include "server/convert/array_text.h"

namespace pgsluice {

class CellDecoder final {
 public:
  explicit CellDecoder(TypeOid type);

  // `text` is PostgreSQL's text form, not NULL; `value` is empty. Text that is not what
  // its type promises stays text; text that is not UTF-8 becomes bytes. Nothing is lost.
  void Decode(std::string_view text, v1::Value& value) const {
    if (is_array_) {
      DecodeArray(text, value);
    } else {
      decode_(text, value);
    }
  }

 private:
  void DecodeArray(std::string_view text, v1::Value& value) const;

  ScalarDecoder decode_;  // Of the elements, if it is an array.
  bool is_array_;
  char delimiter_;
};

}  // namespace pgsluice
