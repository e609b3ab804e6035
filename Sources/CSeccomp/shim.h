#include <seccomp.h>
/* The bits of clone(2), which glibc hides behind _GNU_SOURCE. */
#include <linux/sched.h>
