// Messages from protobuf's text format, so that tables of values stay readable.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

#include "pgsluice/v1/value.pb.h"

namespace pgsluice {

template <class Message>
Message ParseProto(std::string_view text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(text), &message))
      << text;
  return message;
}

inline v1::Value ValueOf(std::string_view text) { return ParseProto<v1::Value>(text); }

}  // namespace pgsluice
