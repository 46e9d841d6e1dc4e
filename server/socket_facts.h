// What the system knows of a socket whose owner is somebody else, and may close it at any
// moment. Thread-safe.
#pragma once

#include <cstdint>

namespace pgsluice {

// Of what the descriptor is now; 0: it is not open.
uint64_t InodeOf(int descriptor);
// Bytes that have come over a TCP connection since it was opened; 0 of any other.
uint64_t BytesReceived(int descriptor);
// Of these, bytes that nobody has read yet.
uint64_t BytesUnread(int descriptor);
// Ends the TCP connection at once and drops what has not been read; its owner notices,
// and closes it. False if the descriptor has become another's.
bool CutConnection(int descriptor, uint64_t inode);

// Memory of this process; 0: nobody knows.
uint64_t ResidentBytes();

}  // namespace pgsluice
