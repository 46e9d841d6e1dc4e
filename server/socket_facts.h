// What the system knows of a socket whose owner is somebody else, and may close it at any
// moment. Thread-safe.
#pragma once

#include <cstdint>

namespace pgsluice {

// Of what the descriptor is now; 0: it is not open.
uint64_t InodeOf(int descriptor);
// What has gone over a TCP connection since it was opened, in bytes; none over any other.
struct Traffic {
  uint64_t received = 0;
  uint64_t acknowledged = 0;  // Of what was sent.
};
Traffic TrafficOf(int descriptor);
// Of what was received, bytes that nobody has read yet.
uint64_t BytesUnread(int descriptor);
// Ends the TCP connection at once and drops what has not been read; its owner notices,
// and closes it. False if the descriptor has become another's.
bool CutConnection(int descriptor, uint64_t inode);

// Memory of this process; 0: nobody knows.
uint64_t ResidentBytes();

}  // namespace pgsluice
