// Flags by which a command reaches one region directly, and what they open. Any thread.
#pragma once

#include "base/clock.h"
#include "daemon/cli.h"
#include "logstore/client/region_client.h"

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace spillway::daemon {

/// --endpoint, --region-name, the key and how to sign; to be put behind a command's own flags.
std::vector<Flag> region_flags();

/// The client options those flags ask for. Secrets are read from the environment or a file, never
/// from the command line. Errors: InvalidArgument (flags that do not fit), NotFound (variable or
/// file).
Result<client::RegionClientOptions> region_options(const Arguments& arguments);

/// Opens the region. `stop` ends its calls.
Result<std::unique_ptr<client::RegionClient>> open_region(const Arguments& arguments,
                                                          const Clock& clock,
                                                          std::stop_token stop = {});

/// What a person can do about an error that a region gave; empty when the error says it all.
std::string region_advice(const Error& error);

}  // namespace spillway::daemon
