#include "base/storage/durable_file.h"
