// Which pools an operator means: those of one endpoint, of one role, or all. Rules file.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "pool/endpoint.h"

namespace pgsluice {

// Endpoint empty and role unknown: all pools.
struct PoolSelector {
  std::string endpoint = {};
  Role role = Role::kUnknown;

  bool is_all() const { return endpoint.empty() && role == Role::kUnknown; }
  bool Selects(std::string_view name, Role served) const {
    if (!endpoint.empty()) return endpoint == name;
    return role == Role::kUnknown || role == served;
  }
};

// What is paused: an endpoint whatever its role becomes, a role whoever has it.
struct Pauses {
  std::set<std::string, std::less<>> endpoints = {};
  std::set<Role> roles = {};

  bool Covers(std::string_view name, Role role) const {
    return endpoints.contains(name) || roles.contains(role);
  }
  void Add(const PoolSelector& selector) {
    if (!selector.endpoint.empty()) {
      endpoints.insert(selector.endpoint);
    } else if (selector.is_all()) {
      roles = {Role::kPrimary, Role::kReplica};
    } else {
      roles.insert(selector.role);
    }
  }
  void Remove(const PoolSelector& selector) {
    if (selector.is_all()) {
      endpoints.clear();
      roles.clear();
    } else if (!selector.endpoint.empty()) {
      endpoints.erase(selector.endpoint);
    } else {
      roles.erase(selector.role);
    }
  }
};

}  // namespace pgsluice
