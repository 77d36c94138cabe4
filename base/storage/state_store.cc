#include "base/storage/state_store.h"
