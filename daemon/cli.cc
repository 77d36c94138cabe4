#include "daemon/cli.h"
