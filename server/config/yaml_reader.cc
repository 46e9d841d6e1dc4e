#include "server/config/yaml_reader.h"

#include <map>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "yaml-cpp/yaml.h"

#include "server/config/read_file.h"
#include "server/config/variables.h"
#include "server/config/yaml_documents.h"

namespace pgsluice {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

std::string_view KindOf(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  return node.IsNull() ? "nothing" : "a single value";
}

class YamlReader final {
 public:
  YamlReader(const std::string& name, const Environment& environment, ConfigDraft& draft)
      : name_(name), environment_(environment), draft_(draft) {}

  void ReadGroup(const YAML::Node& node, const std::string& path, Message& group) {
    if (node.IsNull()) return;  // A key whose settings are all commented out.
    if (!node.IsMap()) {
      const std::vector<std::string> names = FieldNames(*group.GetDescriptor());
      Fail(node.Mark(), absl::StrCat(path, path.empty() ? "" : ": ",
                                     "expected a mapping of ", absl::StrJoin(names, ", "),
                                     ", found ", std::string(KindOf(node))));
      return;
    }
    std::map<std::string, int> lines;  // By field, to find what is given twice.
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        Fail(entry.first.Mark(), "expected the name of a setting");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      const FieldDescriptor* field = group.GetDescriptor()->FindFieldByName(key);
      if (field == nullptr) {
        FailUnknown(entry.first.Mark(), key, *group.GetDescriptor());
        continue;
      }
      const auto [first, is_new] = lines.emplace(key, entry.first.Mark().line + 1);
      if (!is_new) {
        Fail(entry.first.Mark(),
             absl::StrCat("\"", key, "\" is given twice, first in line ", first->second));
        continue;
      }
      ReadField(entry.second, path.empty() ? key : absl::StrCat(path, ".", key), *field,
                group);
    }
  }

  void Fail(const YAML::Mark& mark, const std::string& what) {
    draft_.errors.Add(Where(mark), what);
  }

 private:
  std::string Where(const YAML::Mark& mark) const {
    if (mark.is_null()) return name_;
    return absl::StrCat(name_, ":", mark.line + 1, ":", mark.column + 1);
  }

  void FailUnknown(const YAML::Mark& mark, const std::string& key,
                   const Descriptor& group) {
    const std::string quoted = QuotedName(key);
    // Something that is no name may be a connection string that lost its key.
    Fail(mark, quoted.empty()
                   ? "unknown field"
                   : absl::StrCat("unknown field ", quoted, FieldHint(group, key)));
  }

  void ReadField(const YAML::Node& node, const std::string& path,
                 const FieldDescriptor& field, Message& group) {
    const google::protobuf::Reflection& reflection = *group.GetReflection();
    if (field.is_repeated()) return ReadList(node, path, field, group);
    if (IsGroup(field)) {
      return ReadGroup(node, path, *reflection.MutableMessage(&group, &field));
    }
    if (node.IsNull()) {
      return Fail(
          node.Mark(),
          absl::StrCat(path, ": has no value; leave the line out for the default"));
    }
    if (!node.IsScalar()) {
      return Fail(node.Mark(), absl::StrCat(path, ": expected a single value, found ",
                                            std::string(KindOf(node))));
    }
    const absl::StatusOr<std::string> text = ExpandVariables(node.Scalar(), environment_);
    if (!text.ok()) {
      return Fail(node.Mark(),
                  absl::StrCat(path, ": ", std::string(text.status().message())));
    }
    SetSetting(path, field, group, Where(node.Mark()), *text, draft_);
  }

  void ReadList(const YAML::Node& node, const std::string& path,
                const FieldDescriptor& field, Message& group) {
    if (!node.IsSequence()) {
      return Fail(node.Mark(), absl::StrCat(path, ": expected a list, found ",
                                            std::string(KindOf(node))));
    }
    if (node.size() == 0) {
      return Fail(node.Mark(), absl::StrCat(path,
                                            ": is empty; list at least one, or leave "
                                            "it out"));
    }
    int index = 0;
    for (const YAML::Node& element : node) {
      const std::string element_path = absl::StrCat(path, "[", index++, "]");
      ReadGroup(element, element_path,
                *group.GetReflection()->AddMessage(&group, &field));
    }
  }

  const std::string name_;
  const Environment& environment_;
  ConfigDraft& draft_;
};

// YAML allows tab, line feed and carriage return only; npos: none. yaml-cpp accepts more.
size_t FindControlCharacter(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    const auto character = static_cast<unsigned char>(text[at]);
    const bool is_blank = character == '\t' || character == '\n' || character == '\r';
    if ((character < 0x20 && !is_blank) || character == 0x7f) return at;
  }
  return std::string_view::npos;
}

YAML::Mark MarkOf(std::string_view text, size_t at) {
  YAML::Mark mark;
  mark.pos = static_cast<int>(at);
  for (const char character : text.substr(0, at)) {
    ++mark.column;
    if (character != '\n') continue;
    ++mark.line;
    mark.column = 0;
  }
  return mark;
}

}  // namespace

void ReadYaml(const std::string& text, const std::string& name,
              const Environment& environment, ConfigDraft& draft) {
  YamlReader reader(name, environment, draft);
  const size_t control = FindControlCharacter(text);
  if (control != std::string_view::npos) {
    reader.Fail(MarkOf(text, control),
                absl::StrCat(
                    "a control character (0x",
                    absl::Hex(static_cast<unsigned char>(text[control]), absl::kZeroPad2),
                    "), which YAML does not allow; is this a text file?"));
    return;
  }
  try {
    const YAML::Mark second = SecondDocument(text);
    if (!second.is_null()) reader.Fail(second, "a second document; only one is read");
    const YAML::Node document = YAML::Load(text);
    reader.ReadGroup(document, "", draft.loaded.config);
  } catch (const YAML::Exception& error) {
    // What follows a colon quotes the file, where there may be a password.
    reader.Fail(error.mark, error.msg.substr(0, error.msg.find(':')));
  }
}

void ReadYamlFile(const std::string& file, const Environment& environment,
                  ConfigDraft& draft) {
  const absl::StatusOr<std::string> text = ReadFile(file);
  if (!text.ok()) {
    draft.errors.Add(file, text.status().message().data());
    return;
  }
  ReadYaml(*text, file, environment, draft);
}

}  // namespace pgsluice
