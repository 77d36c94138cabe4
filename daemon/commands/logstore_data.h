// spillway logstore put, pull, tail: the commands that carry logs. daemon/commands/logstore.cc
// lists them.
#pragma once

#include "daemon/cli.h"

namespace spillway::daemon {

int run_logstore_put(const Arguments& arguments, Streams& streams);
int run_logstore_pull(const Arguments& arguments, Streams& streams);
int run_logstore_tail(const Arguments& arguments, Streams& streams);

}  // namespace spillway::daemon
