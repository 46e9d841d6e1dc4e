// Deployments with one thing wrong each, and what the doctor has to find there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/doctor/facts.h"

namespace pgsluice::doctor {

// A primary and a replica of it, without anything to be told.
DeploymentFacts Healthy();

struct Case {
  std::vector<std::string> ids;  // All that is found, in any order; none: it is well.
  std::string says;              // Part of what the first of these says.
  std::function<void(DeploymentFacts& facts)> spoil;
};

// Shorthands for what cases change.
ServerFacts& Primary(DeploymentFacts& facts);
ServerFacts& Replica(DeploymentFacts& facts);
void Set(ServerFacts& server, const std::string& name, const std::string& value);

// One table for each group of rules.
std::vector<Case> ConnectionCases();
std::vector<Case> LoginCases();
std::vector<Case> ReplicationCases();
std::vector<Case> SettingCases();

}  // namespace pgsluice::doctor
