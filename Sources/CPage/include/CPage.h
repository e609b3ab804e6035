#ifndef CPAGE_H
#define CPAGE_H

#include <stddef.h>

/// The page at `/`, but for what the exporter knows and this does not: its numbers stand between these two halves.
extern const unsigned char cpage_before[];
extern const size_t cpage_before_length;
extern const unsigned char cpage_after[];
extern const size_t cpage_after_length;

/// The value of Content-Security-Policy for that page, with the hashes of its script and its style.
extern const char cpage_policy[];

// Swift does not see arrays whose length a header does not tell.
static inline const unsigned char *_Nonnull cpage_before_bytes(void) { return cpage_before; }
static inline const unsigned char *_Nonnull cpage_after_bytes(void) { return cpage_after; }
static inline const char *_Nonnull cpage_policy_text(void) { return cpage_policy; }

#endif
