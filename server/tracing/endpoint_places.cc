#include "server/tracing/endpoint_places.h"

#include "absl/strings/numbers.h"

#include "server/config/connection_string.h"

namespace pgsluice {

namespace {

EndpointPlace PlaceOf(const Endpoint& endpoint) {
  const auto conninfo = ConnectionString::Parse(endpoint.conninfo);
  if (!conninfo.ok()) return {};
  EndpointPlace place{.host = conninfo->Get("host"), .database = conninfo->Get("dbname")};
  if (place.host.empty()) place.host = conninfo->Get("hostaddr");
  if (!absl::SimpleAtoi(conninfo->Get("port"), &place.port)) place.port = 0;
  return place;
}

}  // namespace

EndpointPlaces PlacesOf(const std::vector<Endpoint>& endpoints) {
  EndpointPlaces places;
  for (const Endpoint& endpoint : endpoints) places[endpoint.name] = PlaceOf(endpoint);
  return places;
}

}  // namespace pgsluice
