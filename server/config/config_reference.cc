#include "server/config/config_reference.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "server/config/setting_path.h"
#include "server/config/setting_value.h"

namespace pgsluice {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

namespace {

constexpr char kIntroduction[] = R"(# Configuration

<!-- Made by `pgsluiced --config-reference` from proto/pgsluice/config/v1/config.proto. -->

`pgsluiced` needs no configuration file: every setting has a default. Values come from
these sources, each overriding those before it:

1. the built-in defaults;
2. the defaults of a [profile](#profiles), if one is chosen;
3. the YAML file named by `--config`, else by `PGSLUICE_CONFIG`;
4. environment variables: `PGSLUICE_` and the path in upper case with `_` between its parts,
   as in `PGSLUICE_POOLS_PRIMARY_MAX_SIZE=20` or `PGSLUICE_ENDPOINTS_0_CONNINFO`. An empty
   value counts as not given. `OTEL_...` variables, which other programs have too, go behind
   the file;
5. `--set path=value`, as in `--set pools.primary.max_size=20` or
   `--set endpoints[0].password_file=/run/secrets/pg`; it may be repeated, and the last one
   holds. Do not put passwords there: arguments are visible to other users.

A value in the file may hold variables: `${NAME}`, or `${NAME:-default}` for when it is not
set or empty, as in `conninfo: host=${DB_HOST} port=${DB_PORT:-5432} dbname=app`. One without
value and default is an error. `$${` stands for a plain `${`. Take names of your own:
`PGSLUICE_...` is kept for settings.

Unknown keys and variables are errors, and all errors are reported at once, with line and
column. Settings are read at start, and again by SIGHUP or `pgsluice admin reload` (see
[operations](operations.md)): those marked `live` below then take effect, those marked
`restart` at the next start.

| command | does |
|---|---|
| `pgsluiced --check-config` | prints every error; exit status 0 or 2 |
| `pgsluiced --dump-config` | prints the values in effect and where each comes from: `default`, `profile production`, `pgsluice.yaml:12:5`, a variable's name or `--set`; secrets are `***` |
| `pgsluiced --example-config` | prints a file with every setting, its default and its help |

Durations are written as `250ms`, `1.5s`, `5m` or `1h30m`; sizes as a number of bytes or as
`64KiB`, `4MiB`, `1GiB` (`KB`, `MB`, `GB` are powers of 1000); choices in any case.

## Endpoints from the environment

When neither the file, `PGSLUICE_ENDPOINTS_...` nor `--set` lists endpoints, the first of
these that is there gives them:

1. `DATABASE_URL` and `DATABASE_REPLICA_URL` (or `DATABASE_REPLICA_URLS`): connection
   strings; the latter may list several URIs, separated by commas;
2. `POSTGRES_HOST`, `POSTGRES_PORT`, `POSTGRES_DB`, `POSTGRES_USER`, `POSTGRES_PASSWORD` or
   `POSTGRES_PASSWORD_FILE`, with `POSTGRES_PRIMARY_HOST` in place of `POSTGRES_HOST`, and
   `POSTGRES_REPLICA_HOST`. A host may be a list, separated by commas, and may carry a port
   (`db2:5433`);
3. libpq's own variables (`PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`,
   `PGSERVICE`, `PGPASSFILE` and so on) and, failing those, its defaults.

What a connection string leaves out, libpq takes from those same variables, from the
service file and from the password file. None of these names says which server is the
primary: that is probed. Endpoints with equal host, port and database are taken as one.
)";

constexpr char kProfiles[] = R"(
## Profiles

A profile is a named set of defaults: `development`, `test` or `production`. It is chosen by
`profile: production` in the file, by `PGSLUICE_PROFILE=production` or by
`--set profile=production`, of which the last holds, as for any setting. Whatever the file, a
variable or `--set` says of a setting goes before the profile. `--dump-config` shows which
values are a profile's.

)";

constexpr char kAfterProfiles[] = R"(
A profile sizes both pools alike. Each can still be sized by itself, with a profile or
without:

```yaml
profile: production
pools:
  primary: {min_size: 5, max_size: 20}
  replica: {min_size: 10, max_size: 50}
```

## Settings
)";

std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\n", " "}});
}

std::string Default(const FieldDescriptor& field) {
  const std::string& text = FactsOf(field).default_value();
  if (text.empty()) return "empty";
  const bool is_by_profile = FactsOf(field).has_profiles();
  return absl::StrCat("`", text, "`", is_by_profile ? ", [by profile](#profiles)" : "");
}

std::string Values(const FieldDescriptor& field) {
  const config::v1::Setting& facts = FactsOf(field);
  if (field.type() == FieldDescriptor::TYPE_ENUM) {
    return absl::StrCat("`", absl::StrJoin(Choices(*field.enum_type()), "`, `"), "`");
  }
  std::string kind;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: return "`true`, `false`";
    case FieldDescriptor::CPPTYPE_STRING: {
      if (facts.kind() == config::v1::KIND_CONNINFO) return "connection string, secret";
      if (facts.kind() == config::v1::KIND_HOST_PORT) return "`host:port`";
      return facts.kind() == config::v1::KIND_ADDRESS ? "`host:port` or `unix:/path`"
                                                      : "text";
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: kind = "duration"; break;
    case FieldDescriptor::CPPTYPE_DOUBLE: kind = "number"; break;
    default:
      kind = facts.kind() == config::v1::KIND_BYTES ? "size" : "whole number";
      break;
  }
  if (!facts.min().empty()) absl::StrAppend(&kind, ", at least ", facts.min());
  if (!facts.max().empty()) absl::StrAppend(&kind, ", at most ", facts.max());
  return kind;
}

std::string Meaning(const FieldDescriptor& field) {
  std::string text = FactsOf(field).help();
  for (const std::string& name : FactsOf(field).env()) {
    absl::StrAppend(&text, " Also `", name, "`.");
  }
  for (const std::string& name : FactsOf(field).env_milliseconds()) {
    absl::StrAppend(&text, " Also `", name, "`, in milliseconds.");
  }
  return text;
}

// A row for each field that a profile has a default for: the two pools share theirs.
std::string ProfileTable() {
  std::vector<std::pair<const FieldDescriptor*, std::string>> rows;
  for (const SettingPath& path : AllSettings()) {
    const FieldDescriptor* field = path.back().field;
    if (!FactsOf(*field).has_profiles()) continue;
    const std::string name = absl::StrCat("`", PathText(path), "`");
    const auto same = std::find_if(rows.begin(), rows.end(),
                                   [&](const auto& row) { return row.first == field; });
    if (same == rows.end()) {
      rows.emplace_back(field, name);
    } else {
      absl::StrAppend(&same->second, ", ", name);
    }
  }
  std::string table =
      "| setting | none | development | test | production |\n|---|---|---|---|---|\n";
  for (const auto& [field, names] : rows) {
    const config::v1::Setting& facts = FactsOf(*field);
    const config::v1::ProfileDefaults& by_profile = facts.profiles();
    absl::StrAppend(&table, "| ", names, " | `",
                    absl::StrJoin({facts.default_value(), by_profile.development(),
                                   by_profile.test(), by_profile.production()},
                                  "` | `"),
                    "` |\n");
  }
  return table;
}

// Of the single settings in `group`; none, and no table, when it only holds groups.
void SettingTable(const Descriptor& group, std::string& out) {
  bool has_head = false;
  for (int i = 0; i < group.field_count(); ++i) {
    const FieldDescriptor& field = *group.field(i);
    if (IsGroup(field)) continue;
    if (!has_head)
      out +=
          "\n| setting | default | values | changes | meaning |\n|---|---|---|---|---|\n";
    has_head = true;
    absl::StrAppend(&out, "| `", field.name(), "` | ", Default(field), " | ",
                    Cell(Values(field)), " | ", IsHot(field) ? "live" : "restart", " | ",
                    Cell(Meaning(field)), " |\n");
  }
}

// Groups of one type that follow each other, as the two pools, share a section.
void Sections(const Descriptor& group, const std::string& prefix, std::string& out) {
  for (int i = 0; i < group.field_count(); ++i) {
    const FieldDescriptor& field = *group.field(i);
    if (!IsGroup(field)) continue;
    std::string title =
        absl::StrCat("`", prefix, field.name(), field.is_repeated() ? "[]" : "", "`");
    std::string help = FactsOf(field).help();
    while (i + 1 < group.field_count() && IsGroup(*group.field(i + 1)) &&
           group.field(i + 1)->message_type() == field.message_type()) {
      ++i;
      absl::StrAppend(&title, " and `", prefix, group.field(i)->name(), "`");
      absl::StrAppend(&help, " ", FactsOf(*group.field(i)).help());
    }
    absl::StrAppend(&out, "\n### ", title, "\n\n", help, "\n");
    SettingTable(*field.message_type(), out);
    Sections(*field.message_type(),
             absl::StrCat(prefix, field.name(), field.is_repeated() ? "[]." : "."), out);
  }
}

}  // namespace

std::string ConfigReference() {
  std::string out = kIntroduction;
  absl::StrAppend(&out, kProfiles, ProfileTable(), kAfterProfiles);
  SettingTable(*config::v1::Config::descriptor(), out);
  Sections(*config::v1::Config::descriptor(), "", out);
  return out;
}

}  // namespace pgsluice
