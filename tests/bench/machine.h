// What the measuring was done on, and with which versions.
#pragma once

#include <string>

#include "tests/bench/rig.h"

namespace pgsluice::bench {

// One Markdown paragraph.
std::string DescribeMachine(const Rig& rig);

}  // namespace pgsluice::bench
