// The columns of a result, found by position or name.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"

#include "pgsluice/v1/value.pb.h"

namespace pgsluice::client {

class Columns final {
 public:
  Columns() = default;
  explicit Columns(const google::protobuf::RepeatedPtrField<v1::Column>& columns)
      : columns_(columns.begin(), columns.end()) {}

  size_t size() const { return columns_.size(); }
  const v1::Column& operator[](size_t index) const { return columns_[index]; }
  std::vector<v1::Column>::const_iterator begin() const { return columns_.begin(); }
  std::vector<v1::Column>::const_iterator end() const { return columns_.end(); }

  // NOT_FOUND lists the names there are; a name that several columns bear is refused.
  absl::StatusOr<size_t> Find(std::string_view name) const;

 private:
  std::vector<v1::Column> columns_;
};

}  // namespace pgsluice::client
