#include "logstore/wire/log_group_reader.h"
