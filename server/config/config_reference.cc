#include "server/config/config_reference.h"

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

1. the defaults below;
2. the YAML file named by `--config`, else by `PGSLUICE_CONFIG`;
3. environment variables: `PGSLUICE_` and the path in upper case with `_` between its parts,
   as in `PGSLUICE_POOLS_PRIMARY_MAX_SIZE=20` or `PGSLUICE_ENDPOINTS_0_CONNINFO`. An empty
   value counts as not given;
4. `--set path=value`, as in `--set pools.primary.max_size=20` or
   `--set endpoints[0].password_file=/run/secrets/pg`; it may be repeated, and the last one
   holds. Do not put passwords there: arguments are visible to other users.

Unknown keys and variables are errors, and all errors are reported at once, with line and
column. Settings are read at start.

| command | does |
|---|---|
| `pgsluiced --check-config` | prints every error; exit status 0 or 2 |
| `pgsluiced --dump-config` | prints the values in effect and where each comes from; secrets are `***` |
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

## Settings
)";

std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\n", " "}});
}

std::string Default(const FieldDescriptor& field) {
  const std::string& text = FactsOf(field).default_value();
  return text.empty() ? "empty" : absl::StrCat("`", text, "`");
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
  return text;
}

void Section(const Descriptor& group, const std::string& title, const std::string& help,
             std::string& out) {
  absl::StrAppend(&out, "\n### ", title, "\n\n", help, "\n");
  bool has_table = false;
  for (int i = 0; i < group.field_count(); ++i) {
    const FieldDescriptor& field = *group.field(i);
    if (IsGroup(field)) continue;
    if (!has_table)
      out += "\n| setting | default | values | meaning |\n|---|---|---|---|\n";
    has_table = true;
    absl::StrAppend(&out, "| `", field.name(), "` | ", Default(field), " | ",
                    Cell(Values(field)), " | ", Cell(Meaning(field)), " |\n");
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
    Section(*field.message_type(), title, help, out);
    Sections(*field.message_type(), absl::StrCat(prefix, field.name(), "."), out);
  }
}

}  // namespace

std::string ConfigReference() {
  std::string out = kIntroduction;
  Sections(*config::v1::Config::descriptor(), "", out);
  return out;
}

}  // namespace pgsluice
