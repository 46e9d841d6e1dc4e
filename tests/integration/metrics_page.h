// One scrape: the text of /metrics, looked up series by series.
#pragma once

#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "tests/testing/http.h"

namespace pgsluice::testing {

class MetricsPage final {
 public:
  // Empty when there is no answer.
  static MetricsPage Of(int port) {
    MetricsPage page;
    const auto answer = CallHttp(port, "GET", "/metrics", "", absl::Seconds(20));
    if (!answer.ok() || answer->code != 200) return page;
    page.text_ = answer->body;
    std::istringstream lines(page.text_);
    for (std::string line; std::getline(lines, line);) {
      const size_t space = line.rfind(' ');
      if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
      page.series_[line.substr(0, space)] = std::strtod(line.c_str() + space, nullptr);
    }
    return page;
  }

  const std::string& text() const { return text_; }
  size_t size() const { return series_.size(); }
  // Of `name{label="value",...}`, with the labels in the order of docs/metrics.md. NaN,
  // which equals nothing, when there is none.
  double operator[](const std::string& series) const {
    const auto found = series_.find(series);
    return found == series_.end() ? std::nan("") : found->second;
  }

 private:
  std::string text_;
  std::map<std::string, double> series_;
};

}  // namespace pgsluice::testing
