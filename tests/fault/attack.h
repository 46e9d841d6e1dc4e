// One of tests/abuse's attacks, run against a gateway.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

#include "tests/testing/process.h"

namespace pgsluice::testing {

// What the attacker has seen, as JSON. `scale` is of the attack's size or duration;
// `folder` is for its output; `options` as attacks.py has them.
inline std::string RunAttack(absl::string_view name, absl::string_view scale, int port,
                             absl::string_view folder,
                             const std::vector<std::string>& options = {}) {
  const std::string stem = absl::StrCat(folder, "/", name);
  ProcessSpec spec;
  spec.argv = {"/usr/bin/python3", PGSLUICE_SOURCE_DIR "/tests/abuse/attacks.py",
               absl::StrCat(port), std::string(name),
               "--scale",          std::string(scale)};
  spec.argv.insert(spec.argv.end(), options.begin(), options.end());
  spec.environment = {"PYTHONDONTWRITEBYTECODE=1"};
  spec.stdout_path = stem + ".out";
  spec.stderr_path = stem + ".err";
  const auto exit_status = RunProcess(spec, absl::Seconds(100));
  EXPECT_TRUE(exit_status.ok()) << exit_status.status();
  EXPECT_EQ(exit_status.value_or(-1), 0) << ReadFile(spec.stderr_path);
  return ReadFile(spec.stdout_path);
}

}  // namespace pgsluice::testing
