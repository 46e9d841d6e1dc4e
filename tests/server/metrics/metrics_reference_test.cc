// docs/metrics.md has a table of all families; it is the one that the program makes.
#include <fstream>
#include <iostream>
#include <sstream>

#include "gtest/gtest.h"

#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {
namespace {

constexpr char kBegin[] =
    "<!-- Families: held to the program by metrics_reference_test. -->\n";
constexpr char kEnd[] = "<!-- End of the families. -->\n";

std::string Table() {
  std::ostringstream table;
  table << "| name | type | labels | what |\n|---|---|---|---|\n";
  for (const Family& family : AllFamilies(GatewaySnapshot())) {
    table << "| `" << family.name << "` | " << FamilyTypeName(family.type) << " | ";
    for (size_t i = 0; i < family.labels.size(); ++i) {
      table << (i == 0 ? "" : ", ") << '`' << family.labels[i] << '`';
    }
    table << " | " << family.help << ". |\n";
  }
  return table.str();
}

TEST(MetricsReference, TheDocumentIsCurrent) {
  std::ifstream file(std::string(PGSLUICE_SOURCE_DIR) + "/docs/metrics.md");
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd);
  const bool has_table = begin != std::string::npos && end != std::string::npos;
  const std::string table =
      has_table ? text.substr(begin + sizeof kBegin - 1, end - begin - sizeof kBegin + 1)
                : "";

  EXPECT_TRUE(table == Table())
      << "the table in docs/metrics.md is out of date: put this between its marks\n"
      << Table();
}

}  // namespace
}  // namespace pgsluice
