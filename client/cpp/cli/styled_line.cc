#include "client/cpp/cli/styled_line.h"

#include "client/cpp/cli/display_width.h"

namespace pgsluice::cli {
namespace {

constexpr char kReset[] = "\x1b[0m";

const char* EscapeOf(Style style) {
  switch (style) {
    case Style::kPlain: return "";
    case Style::kBold: return "\x1b[1m";
    case Style::kDim: return "\x1b[2m";
    case Style::kRed: return "\x1b[31m";
    case Style::kBoldRed: return "\x1b[1;31m";
    case Style::kYellow: return "\x1b[33m";
    case Style::kBoldYellow: return "\x1b[1;33m";
    case Style::kGreen: return "\x1b[32m";
    case Style::kCyan: return "\x1b[36m";
  }
  return "";
}

}  // namespace

StyledLine& StyledLine::Add(std::string_view text, Style style) {
  const std::string_view fits = ClipToWidth(text, options_.width - width_);
  if (fits.empty()) return *this;
  const bool is_styled = options_.has_color && style != Style::kPlain;
  if (is_styled) text_ += EscapeOf(style);
  text_ += fits;
  if (is_styled) text_ += kReset;
  width_ += DisplayWidth(fits);
  return *this;
}

StyledLine& StyledLine::AddAtRight(std::string_view text, Style style) {
  const int column = options_.width - DisplayWidth(text);
  if (column <= width_) return *this;
  return PadTo(column).Add(text, style);
}

StyledLine& StyledLine::PadTo(int column) {
  if (column > width_) Add(std::string(static_cast<size_t>(column - width_), ' '));
  return *this;
}

}  // namespace pgsluice::cli
