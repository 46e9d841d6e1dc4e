// PostgreSQL's text form of arrays ("{1,NULL,\"a b\"}"), read and written. Rules file.
#pragma once

#include <string>
#include <string_view>

#include "pgsluice/v1/value.pb.h"

namespace pgsluice {

// Turns the text of one element, not NULL, into a Value.
using ScalarDecoder = void (*)(std::string_view text, v1::Value& value);

// Reads the form that PostgreSQL prints. False, with `list` in any state, for what a
// ValueList cannot say (lower bounds other than 1) and for anything malformed.
bool ParseArrayText(std::string_view text, char delimiter, ScalarDecoder decode,
                    v1::ValueList& list);

// Appends an element, quoted where it must be so that PostgreSQL reads it unchanged.
void AppendArrayElement(std::string_view element, char delimiter, std::string& out);

}  // namespace pgsluice
