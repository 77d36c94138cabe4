#include "logstore/wire/codec.h"
