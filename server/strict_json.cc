#include "server/strict_json.h"

#include <set>
#include <vector>

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

using nlohmann::json;

// Tokens and keys need two or three.
constexpr int kMostDepth = 16;

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(StrCat("is not good JSON: ", what));
}

bool HasNul(const json& text) {
  return text.get_ref<const std::string&>().find('\0') != std::string::npos;
}

// What JSON allows, and we do not; told of each value as the parser meets it.
class Strictness final {
 public:
  void Meet(int depth, json::parse_event_t event, const json& value) {
    if (depth > kMostDepth) problem_ = "it is nested too deeply";
    switch (event) {
      case json::parse_event_t::object_start: names_.emplace_back(); break;
      case json::parse_event_t::object_end: names_.pop_back(); break;
      case json::parse_event_t::key:
        if (HasNul(value)) problem_ = "a name holds a NUL";
        if (!names_.back().insert(value.get<std::string>()).second) {
          problem_ = "a name comes twice";
        }
        break;
      case json::parse_event_t::value:
        if (value.is_string() && HasNul(value)) problem_ = "a text holds a NUL";
        break;
      case json::parse_event_t::array_start:
      case json::parse_event_t::array_end: break;
    }
  }

  std::string_view problem() const { return problem_; }

 private:
  std::vector<std::set<std::string>> names_;  // Of each object that has not ended.
  std::string_view problem_;                  // Empty: none.
};

}  // namespace

absl::StatusOr<json> ParseStrictJson(std::string_view text) {
  // The parser would take the first one for the end.
  if (text.find('\0') != std::string_view::npos) return Wrong("it holds a NUL");
  Strictness strictness;
  json parsed = json::parse(
      text,
      [&strictness](int depth, json::parse_event_t event, const json& value) {
        strictness.Meet(depth, event, value);
        return true;
      },
      /*allow_exceptions=*/false);
  if (!strictness.problem().empty()) return Wrong(strictness.problem());
  if (parsed.is_discarded()) return Wrong("it cannot be read");
  if (!parsed.is_object()) return Wrong("it is no object");
  return parsed;
}

const json* FindMember(const json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(name));
  return found == object.end() ? nullptr : &*found;
}

std::optional<std::string> StringMember(const json& object, std::string_view name) {
  const json* member = FindMember(object, name);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

}  // namespace pgsluice
