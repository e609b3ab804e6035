/* Makes calls of the C library fail as an outer policy, a full disk or a driver would have it: preloaded into the exporter.
 *
 * FAULTY_CALLS_CONTROL  a file with the calls that fail and how, one after the other: "accept4=EPERM pwrite=ENOSPC"
 * FAULTY_OPEN_PATH      a part of the path of the files that "open" is about
 *
 * The control file is read at each call, so a test changes it while the exporter runs. It is opened before the exporter
 * encloses itself and could no more.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int control = -1;

__attribute__((constructor)) static void prepare(void)
{
    const char *path = getenv("FAULTY_CALLS_CONTROL");
    if (path)
        control = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

/* The errno that a call is to fail with, 0 if it is made. */
static int fault_of(const char *call)
{
    static const struct {
        const char *name;
        int code;
    } codes[] = {{"EPERM", EPERM}, {"EACCES", EACCES}, {"EIO", EIO}, {"EMFILE", EMFILE}, {"ENOSPC", ENOSPC}, {"ECONNABORTED", ECONNABORTED}, {"EPROTO", EPROTO}, {"ENOTSUP", ENOTSUP}};
    char text[256] = "";
    if (control < 0 || syscall(SYS_pread64, control, text, sizeof text - 1, 0L) <= 0)
        return 0;
    for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n")) {
        size_t length = strlen(call);
        if (strncmp(word, call, length) != 0 || word[length] != '=')
            continue;
        for (size_t index = 0; index < sizeof codes / sizeof *codes; index++)
            if (strcmp(word + length + 1, codes[index].name) == 0)
                return codes[index].code;
    }
    return 0;
}

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

#define FAIL_IF_TOLD(call)             \
    do {                               \
        int code = fault_of(call);     \
        if (code) {                    \
            errno = code;              \
            return -1;                 \
        }                              \
    } while (0)

int accept4(int listener, struct sockaddr *restrict address, socklen_t *restrict length, int flags)
{
    FAIL_IF_TOLD("accept4");
    return ((int (*)(int, struct sockaddr *, socklen_t *, int))next("accept4"))(listener, address, length, flags);
}

/* Only what begins to be watched. */
int epoll_ctl(int list, int operation, int watched, struct epoll_event *event)
{
    if (operation == EPOLL_CTL_ADD)
        FAIL_IF_TOLD("epoll_add");
    return ((int (*)(int, int, int, struct epoll_event *))next("epoll_ctl"))(list, operation, watched, event);
}

int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
    FAIL_IF_TOLD("getrlimit");
    return ((int (*)(__rlimit_resource_t, struct rlimit *))next("getrlimit"))(resource, limit);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset)
{
    FAIL_IF_TOLD("pwrite");
    return ((ssize_t (*)(int, const void *, size_t, off_t))next("pwrite"))(descriptor, bytes, length, offset);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    const char *part = getenv("FAULTY_OPEN_PATH");
    if (part && strstr(path, part))
        FAIL_IF_TOLD("open");
    return ((int (*)(const char *, int, ...))next("open"))(path, flags, mode);
}
