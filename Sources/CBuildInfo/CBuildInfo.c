#include "CBuildInfo.h"

const char *pyjoules_revision(void) { return PYJOULES_REVISION; }
