// Any text as a configuration file: errors, never a crash; and what is accepted can be
// printed and read again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "server/config/config_checks.h"
#include "server/config/config_draft.h"
#include "server/config/print_config.h"
#include "server/config/setting_storage.h"
#include "server/config/yaml_reader.h"

namespace pgsluice {
namespace {

void TryConfig(const std::string& text) {
  ConfigDraft draft;
  ReadYaml(text, "fuzz.yaml", {{"NAME", "value"}}, draft);
  FillDefaults(draft.loaded.config);
  CheckConfig(draft);
  if (draft.errors.count() > 0) return;
  const std::string dump = DumpConfig(draft.loaded);
  ConfigDraft again;
  ReadYaml(dump, "dump.yaml", {}, again);
  // Secrets are not dumped; connection strings are, without them.
  if (again.errors.count() > 0 && draft.loaded.config.endpoints_size() == 0) std::abort();
}

}  // namespace
}  // namespace pgsluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pgsluice::TryConfig(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
