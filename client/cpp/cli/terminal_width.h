// How wide the terminal is that standard output goes to.
#pragma once

namespace pgsluice::cli {

// In cells. 0: no terminal, so that nothing need be cut.
int TerminalWidth();

}  // namespace pgsluice::cli
