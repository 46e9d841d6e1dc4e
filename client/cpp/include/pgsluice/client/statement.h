// What a call runs: SQL, or a statement that the gateway knows by its name.
#pragma once

#include <concepts>
#include <string_view>

namespace pgsluice::client {

// Of a statement in the gateway's file (`named_statements.file`): "orders.of_customer".
// Whether it reads or writes is said there: QueryOptions::intent kWrite, the default,
// says nothing then.
struct Named {
  std::string_view name;
};

// Implicit, so that calls take SQL as it is, or Named{"..."}. Refers to the text: it must
// live as long as the call.
class Statement final {
 public:
  template <std::convertible_to<std::string_view> Text>
  Statement(const Text& sql) : text_(sql) {}
  Statement(Named named) : text_(named.name), is_name_(true) {}

  // SQL, or the name.
  std::string_view text() const { return text_; }
  bool is_name() const { return is_name_; }

 private:
  std::string_view text_;
  bool is_name_ = false;
};

}  // namespace pgsluice::client
