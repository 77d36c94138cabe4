#include "base/storage/sqlite.h"
