#include "base/net/http_server.h"
