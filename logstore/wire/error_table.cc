#include "logstore/wire/error_table.h"
