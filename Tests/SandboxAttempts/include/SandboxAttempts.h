/// What a program under attack would try. In C, because most of it is not to be had in Swift.
#ifndef SANDBOX_ATTEMPTS_H
#define SANDBOX_ATTEMPTS_H

/// Tries what is named, with an argument where one is needed (a path). Gives 0 if it worked, otherwise errno; -1 for a name that
/// is none.
int sandbox_attempt(const char *_Nonnull name, const char *_Nonnull argument);

/// The names, one after the other; a null pointer after the last one.
const char *_Nullable sandbox_attempt_name(int index);

#endif
