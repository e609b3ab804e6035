/* What a preloaded library needs to stand between the exporter and syscall(2), by which it makes the calls of each tick: the library
 * that includes this defines `meet`. */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>

/* On arm64 there is only the other one. */
#ifndef SYS_epoll_wait
#define SYS_epoll_wait SYS_epoll_pwait
#endif

/* Sees a call before it is made. Not 0, with errno set: it fails, and is not made. */
static int meet(long number, const long *arguments);

long syscall(long number, ...)
{
    static long (*next)(long, ...);
    if (!next)
        next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_list list;
    va_start(list, number);
    long arguments[6];
    for (int index = 0; index < 6; index++)
        arguments[index] = va_arg(list, long);
    va_end(list);
    if (meet(number, arguments))
        return -1;
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
