// Where endpoints are, for spans that name them. Values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pool/endpoint.h"

namespace pgsluice {

struct EndpointPlace {
  std::string host = {};  // Empty: not known.
  int64_t port = 0;
  std::string database = {};

  bool operator==(const EndpointPlace&) const = default;
};

// By the endpoint's name.
using EndpointPlaces = std::map<std::string, EndpointPlace, std::less<>>;

// As their connection strings say.
EndpointPlaces PlacesOf(const std::vector<Endpoint>& endpoints);

}  // namespace pgsluice
