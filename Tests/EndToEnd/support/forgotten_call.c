/* A system call that the exporter never makes, made by it all the same: preloaded, once for each time that it waits for events. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/epoll.h>
#include <sys/stat.h>

int epoll_wait(int descriptor, struct epoll_event *events, int count, int timeout)
{
    static int (*next)(int, struct epoll_event *, int, int);
    if (!next)
        next = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
    mkdir("/nowhere/to/be/found", 0700);
    return next(descriptor, events, count, timeout);
}
