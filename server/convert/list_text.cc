#include <string>
#include <utility>
#include <vector>

#include "server/convert/array_text.h"
#include "server/convert/value_text.h"

namespace pgsluice {
namespace {

using Kind = v1::Value::KindCase;

// MAXDIM of PostgreSQL.
constexpr size_t kMaxDimensions = 6;

ValueProblem ListProblem(std::string description) {
  return {".list", std::move(description)};
}

// Writes a list as array text and checks that PostgreSQL could hold it: rectangular, of
// one kind.
class ListWriter final {
 public:
  explicit ListWriter(char delimiter) : delimiter_(delimiter) {}

  std::optional<ValueProblem> Write(const v1::ValueList& list, size_t depth) {
    if (auto problem = CheckShape(list, depth)) return problem;
    out_.text += '{';
    for (int i = 0; i < list.values_size(); ++i) {
      if (i != 0) out_.text += delimiter_;
      const v1::Value& value = list.values(i);
      auto problem = value.kind_case() == Kind::kList ? Write(value.list(), depth + 1)
                                                      : WriteScalar(value);
      if (problem) {
        problem->path.insert(0, ".list.values[" + std::to_string(i) + "]");
        return problem;
      }
    }
    out_.text += '}';
    return std::nullopt;
  }

  ListText Take() { return std::move(out_); }

 private:
  // Length of the lists of one depth, and whether they hold lists.
  struct Dimension {
    int length;
    bool is_nested;
    bool operator==(const Dimension&) const = default;
  };

  std::optional<ValueProblem> CheckShape(const v1::ValueList& list, size_t depth) {
    if (depth == kMaxDimensions) {
      return ListProblem(
          "is nested deeper than PostgreSQL's arrays, which have "
          "at most 6 dimensions");
    }
    if (list.values().empty() && depth > 0) {
      return ListProblem("is empty within a list; PostgreSQL has only {}");
    }
    const bool is_nested =
        !list.values().empty() && list.values(0).kind_case() == Kind::kList;
    for (const v1::Value& value : list.values()) {
      if ((value.kind_case() == Kind::kList) != is_nested) {
        return ListProblem("mixes lists with other values");
      }
    }
    const Dimension dimension = {list.values_size(), is_nested};
    if (dimensions_.size() == depth) dimensions_.push_back(dimension);
    if (dimensions_[depth] != dimension) {
      return ListProblem("differs in length or depth from the lists beside it");
    }
    return std::nullopt;
  }

  std::optional<ValueProblem> WriteScalar(const v1::Value& value) {
    if (!value.type().empty()) {
      return ValueProblem{".type", "belongs to the outermost list, as in int4[]"};
    }
    if (auto problem = CheckKnownKind(value)) return problem;
    if (IsNull(value)) {
      out_.text += "NULL";
      return std::nullopt;
    }
    if (out_.kind == Kind::KIND_NOT_SET) out_.kind = value.kind_case();
    if (out_.kind != value.kind_case()) {
      return ValueProblem{"." + std::string(KindName(value.kind_case())),
                          "is beside " + std::string(KindName(out_.kind)) +
                              ": a list holds values of one kind"};
    }
    std::string element;
    if (auto problem = ScalarText(value, element)) return problem;
    AppendArrayElement(element, delimiter_, out_.text);
    return std::nullopt;
  }

  const char delimiter_;
  std::vector<Dimension> dimensions_;
  ListText out_;
};

}  // namespace

std::optional<ValueProblem> WriteList(const v1::ValueList& list, char delimiter,
                                      ListText& out) {
  ListWriter writer(delimiter);
  if (auto problem = writer.Write(list, 0)) return problem;
  out = writer.Take();
  return std::nullopt;
}

}  // namespace pgsluice
