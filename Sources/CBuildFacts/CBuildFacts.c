#include "../CBuildInfo/CBuildInfo.h"

const char *pyjoules_revision(void) { return PYJOULES_REVISION; }

// In a section of its own and never folded into code, so that `make e2e` makes a program that differs in this byte alone.
__attribute__((section("sandbox_is_fatal"), used)) static const volatile bool is_fatal = false;

bool pyjoules_sandbox_is_fatal(void) { return is_fatal; }
