// absl::StrCat and StrAppend that take std::string_view, too: on Debian 12
// absl::string_view is a type of its own.
#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pgsluice {

inline absl::string_view ForAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}
template <class T>
const T& ForAbsl(const T& value) {
  return value;
}

template <class... Pieces>
std::string StrCat(const Pieces&... pieces) {
  return absl::StrCat(ForAbsl(pieces)...);
}

template <class... Pieces>
void StrAppend(std::string* out, const Pieces&... pieces) {
  absl::StrAppend(out, ForAbsl(pieces)...);
}

}  // namespace pgsluice
