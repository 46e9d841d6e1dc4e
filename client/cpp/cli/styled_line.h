// One line of a terminal, put together from coloured pieces and never wider than asked.
#pragma once

#include <string>
#include <string_view>

namespace pgsluice::cli {

enum class Style {
  kPlain,
  kBold,
  kDim,
  kRed,
  kBoldRed,
  kYellow,
  kBoldYellow,
  kGreen,
  kCyan
};

struct LineOptions {
  int width = 80;
  bool has_color = false;
};

class StyledLine final {
 public:
  explicit StyledLine(LineOptions options) : options_(options) {}

  // What does not fit is cut off.
  StyledLine& Add(std::string_view text, Style style = Style::kPlain);
  // Fills up with blanks, so that `text` ends at the right edge; leaves it out when there
  // is no room for it.
  StyledLine& AddAtRight(std::string_view text, Style style = Style::kPlain);
  // Fills up with blanks to this column.
  StyledLine& PadTo(int column);

  int width() const { return width_; }
  const std::string& text() const { return text_; }

 private:
  LineOptions options_;
  std::string text_;
  int width_ = 0;  // Cells so far.
};

}  // namespace pgsluice::cli
