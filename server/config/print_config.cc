#include "server/config/print_config.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "server/config/setting_path.h"
#include "server/config/setting_storage.h"

namespace pgsluice {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

constexpr size_t kWidth = 88;
constexpr size_t kIndent = 2;
constexpr char kDefaultOrigin[] = "default";

// Text in double quotes, the rest as it is.
std::string Scalar(const FieldDescriptor& field, const std::string& text) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return text;
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// Comment lines of `text`, wrapped; `margin` stands before each.
std::string Comment(const std::string& text, const std::string& margin) {
  const std::string start = margin + "#";
  std::string comment;
  std::string line = start;
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  for (const std::string& word : words) {
    if (line.size() + 1 + word.size() > kWidth && line != start) {
      comment += line + "\n";
      line = start;
    }
    line += " " + word;
  }
  return comment + line + "\n";
}

std::string Facts(const FieldDescriptor& field) {
  const config::v1::Setting& facts = FactsOf(field);
  std::string text = facts.help();
  if (field.type() == FieldDescriptor::TYPE_ENUM) {
    absl::StrAppend(&text, " One of ", absl::StrJoin(Choices(*field.enum_type()), ", "),
                    ".");
  }
  if (!facts.min().empty() && !facts.max().empty()) {
    absl::StrAppend(&text, " From ", facts.min(), " to ", facts.max(), ".");
  } else if (!facts.min().empty()) {
    absl::StrAppend(&text, " At least ", facts.min(), ".");
  } else if (!facts.max().empty()) {
    absl::StrAppend(&text, " At most ", facts.max(), ".");
  }
  if (facts.has_profiles()) {
    const config::v1::ProfileDefaults& defaults = facts.profiles();
    absl::StrAppend(&text, " By profile: development ", defaults.development(), ", test ",
                    defaults.test(), ", production ", defaults.production(), ".");
  }
  return text;
}

class Dumper final {
 public:
  explicit Dumper(const LoadedConfig& loaded) : loaded_(loaded) {}

  std::string Dump() {
    Group(loaded_.config, "", 0);
    return std::move(out_);
  }

 private:
  void Group(const Message& group, const std::string& path, size_t indent) {
    const google::protobuf::Descriptor& type = *group.GetDescriptor();
    const Reflection& reflection = *group.GetReflection();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const std::string field_path =
          path.empty() ? field.name() : absl::StrCat(path, ".", field.name());
      if (!IsGroup(field)) {
        Single(field, group, field_path, indent);
        continue;
      }
      // A list may not be written empty.
      if (field.is_repeated() && reflection.FieldSize(group, &field) == 0) continue;
      absl::StrAppend(&out_, std::string(indent, ' '), field.name(), ":\n");
      if (!field.is_repeated()) {
        Group(reflection.GetMessage(group, &field), field_path, indent + kIndent);
        continue;
      }
      for (int j = 0; j < reflection.FieldSize(group, &field); ++j) {
        const size_t start = out_.size();
        Group(reflection.GetRepeatedMessage(group, &field, j),
              absl::StrCat(field_path, "[", j, "]"), indent + 2 * kIndent);
        out_[start + indent + kIndent] = '-';
      }
    }
  }

  void Single(const FieldDescriptor& field, const Message& group, const std::string& path,
              size_t indent) {
    const std::string text = SettingText(ReadSetting(field, group), field);
    absl::StrAppend(&out_, std::string(indent, ' '), field.name(), ": ",
                    Scalar(field, text));
    const auto origin = loaded_.origins.find(path);
    const bool has_origin = origin != loaded_.origins.end();
    absl::StrAppend(&out_, "  # ", has_origin ? origin->second : kDefaultOrigin, "\n");
  }

  const LoadedConfig& loaded_;
  std::string out_;
};

class ExampleWriter final {
 public:
  std::string Write() {
    Group(*config::v1::Config::descriptor(), 0);
    return std::move(out_);
  }

 private:
  void Group(const google::protobuf::Descriptor& group, size_t indent) {
    const std::string margin(indent, ' ');
    const bool is_explained = !explained_.insert(&group).second;  // The second pool's is.
    for (int i = 0; i < group.field_count(); ++i) {
      const FieldDescriptor& field = *group.field(i);
      if (indent == 0) out_ += "\n";
      if (!is_explained) out_ += Comment(Facts(field), margin);
      if (field.is_repeated()) {
        List(field, margin);
      } else if (IsGroup(field)) {
        absl::StrAppend(&out_, margin, field.name(), ":\n");
        Group(*field.message_type(), indent + kIndent);
      } else {
        absl::StrAppend(&out_, margin, field.name(), ": ",
                        Scalar(field, FactsOf(field).default_value()), "\n");
      }
    }
  }

  // Commented out: an element without an address would hide the environment's.
  void List(const FieldDescriptor& field, const std::string& margin) {
    absl::StrAppend(&out_, margin, "# ", field.name(), ":\n");
    Element(*field.message_type(), margin + "#   ");
  }

  void Element(const google::protobuf::Descriptor& group, const std::string& margin) {
    for (int i = 0; i < group.field_count(); ++i) {
      const FieldDescriptor& part = *group.field(i);
      out_ += Comment(Facts(part), margin + "  ");
      absl::StrAppend(&out_, margin, i == 0 ? "- " : "  ", part.name(), ":");
      if (IsGroup(part)) {
        out_ += "\n";
        if (part.is_repeated()) {
          Element(*part.message_type(), margin + "    ");
        } else {
          Members(*part.message_type(), margin + "    ");
        }
        continue;
      }
      absl::StrAppend(&out_, " ", Scalar(part, FactsOf(part).default_value()), "\n");
    }
  }

  // Of a group within an element of a list; explained once.
  void Members(const google::protobuf::Descriptor& group, const std::string& margin) {
    const bool is_explained = !explained_.insert(&group).second;
    for (int i = 0; i < group.field_count(); ++i) {
      const FieldDescriptor& part = *group.field(i);
      if (!is_explained) out_ += Comment(Facts(part), margin);
      absl::StrAppend(&out_, margin, part.name(), ": ",
                      Scalar(part, FactsOf(part).default_value()), "\n");
    }
  }

  std::string out_;
  std::set<const google::protobuf::Descriptor*> explained_;
};

}  // namespace

std::string DumpConfig(const LoadedConfig& loaded) { return Dumper(loaded).Dump(); }

std::string ExampleConfig() {
  return "# Every setting of pgsluiced with its default. Keep what you change: what is\n"
         "# written in a file goes before the defaults of a profile.\n"
         "# Durations: 250ms, 1.5s, 5m, 1h. Sizes: bytes, or 64KiB, 4MiB.\n" +
         ExampleWriter().Write();
}

}  // namespace pgsluice
