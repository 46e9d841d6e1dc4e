// The report, as Markdown: sections with tables, and the targets with a verdict.
#pragma once

#include <string>
#include <vector>

namespace pgsluice::bench {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

// A speed to reach; see docs/performance.md.
struct Target {
  std::string what;
  std::string wanted;
  std::string measured;
  bool is_reached = false;
};

class Report final {
 public:
  void AddText(const std::string& text);
  void AddTable(const Table& table);
  void AddTarget(Target target) { targets_.push_back(std::move(target)); }

  // The targets come last.
  std::string ToMarkdown() const;

 private:
  std::string text_;
  std::vector<Target> targets_;
};

std::string Decimal(double value, int digits);

}  // namespace pgsluice::bench
