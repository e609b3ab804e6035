#ifndef CBUILDINFO_H
#define CBUILDINFO_H

/// The commit this program was built from: 12 hexadecimal digits, with a plus sign if the tree differed from it, or "unknown"
/// if it was not built by make in a git checkout.
/// It lives in a C target because SwiftPM can define a string for C, but not for Swift.
const char *_Nonnull pyjoules_revision(void);

#endif
