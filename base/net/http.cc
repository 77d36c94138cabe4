#include "base/net/http.h"
