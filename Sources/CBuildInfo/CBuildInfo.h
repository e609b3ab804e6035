#ifndef CBUILDINFO_H
#define CBUILDINFO_H

#include <stdbool.h>

/// The commit this program was built from: 12 hexadecimal digits, with a plus sign if the tree differed from it, or "unknown"
/// if it was not built by make in a git checkout.
/// It lives in C because SwiftPM can define a string for C, but not for Swift; and this declaration is apart from the C file in
/// `CBuildFacts`, so that another commit compiles one small file anew and nothing else.
const char *_Nonnull pyjoules_revision(void);

/// Whether a system call that the sandbox does not know ends the process instead of failing: in a copy for tests alone.
bool pyjoules_sandbox_is_fatal(void);

#endif
