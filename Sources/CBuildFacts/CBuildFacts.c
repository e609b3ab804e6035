#include "../CBuildInfo/CBuildInfo.h"

const char *pyjoules_revision(void) { return PYJOULES_REVISION; }

bool pyjoules_sandbox_is_fatal(void) { return PYJOULES_FATAL_SANDBOX; }
