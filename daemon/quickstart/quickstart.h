// The door of the quickstart: the whole failover story on one machine, with real processes, real
// files and a verdict at the end. Blocks for about a minute. One at a time in a process.
#pragma once

#include "daemon/quickstart/screen.h"
#include "daemon/quickstart/stage.h"

#include <ostream>
#include <string>
#include <vector>

namespace spillway::daemon::quickstart {

struct QuickstartOptions {
    std::vector<std::string> files;  ///< empty: logs of this machine, else a sample
    std::string data_dir;            ///< empty: a temporary folder
    std::string report;              ///< path of the JSON verdict; empty: none
    bool fast = false;
    bool keep = false;
    bool serve = false;
};

/// Returns an exit status of daemon/cli.h: 0 only when nothing is missing and nothing was changed.
/// However it ends, no child process is left, and no file unless kept or the verdict failed.
int run_quickstart(const QuickstartOptions& options, StagePorts ports, std::ostream& out,
                   std::ostream& err, ScreenOptions screen);

}  // namespace spillway::daemon::quickstart
