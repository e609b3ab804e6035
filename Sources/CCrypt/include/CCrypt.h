/// bcrypt in a thread of its own: a comparison takes tens of milliseconds by design, and the loop must not wait for it.
#ifndef CCRYPT_H
#define CCRYPT_H

#include <stdbool.h>
#include <stddef.h>

/// The memory of one comparison at a time. It counts who uses it, so that it outlives a thread that is still at work when
/// its owner goes.
struct ccrypt_job;

/// Bytes of a bcrypt hash in text, such as `$2y$10$`, 22 of salt and 31 of digest.
#define CCRYPT_HASH_BYTES 60
/// Bytes of the longest password that a job takes.
#define CCRYPT_PASSWORD_BYTES 256

/// Allocates a job. `descriptor` becomes the caller's: it is readable when there is an answer. Gives null, and errno in
/// `code`, when memory or descriptors ran out. See eventfd(2).
struct ccrypt_job *_Nullable ccrypt_make(int *_Nonnull descriptor, int *_Nonnull code);

/// Starts a detached thread that compares; the caller has made sure that none is at work, and that the lengths are within the
/// bounds. False if there can be no thread now. See pthread_create(3).
bool ccrypt_start(struct ccrypt_job *_Nonnull job, const void *_Nonnull password, size_t password_length,
                  const void *_Nonnull hash);

/// Takes the answer: 1 the password is right, 0 it is wrong, -1 there is none yet. Never waits.
int ccrypt_take(struct ccrypt_job *_Nonnull job);

/// Gives the job up. The last user frees it: this call, or the thread when it ends.
void ccrypt_release(struct ccrypt_job *_Nonnull job);

#endif
