#include "base/event_log.h"
