#include "logstore/wire/signature.h"
