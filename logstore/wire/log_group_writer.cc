#include "logstore/wire/log_group_writer.h"
