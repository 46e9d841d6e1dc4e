// CPU time and memory of processes, as /proc tells them.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace pgsluice::bench {

// CPU seconds that all threads of a process have used so far; 0 for no process.
double ProcessCpu(pid_t pid);
// The same for a process, its children, and the children it has waited for: never falls
// when a child ends.
double FamilyCpu(pid_t pid);
// CPU seconds of all children of this process that it has waited for.
double WaitedChildrenCpu();

int64_t ResidentBytes(pid_t pid);
// The most since start or ResetPeak.
int64_t PeakResidentBytes(pid_t pid);
void ResetPeak(pid_t pid);

}  // namespace pgsluice::bench
