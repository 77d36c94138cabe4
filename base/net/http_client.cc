#include "base/net/http_client.h"
