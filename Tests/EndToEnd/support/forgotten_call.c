/* A system call that the exporter never makes, made by it all the same: preloaded, once for each time that it waits for events. */
#define _GNU_SOURCE
#include "preloaded_syscall.h"

#include <sys/stat.h>

static int meet(long number, const long *arguments)
{
    (void)arguments;
    if (number == SYS_epoll_wait)
        mkdir("/nowhere/to/be/found", 0700);
    return 0;
}
