/* Makes pread(2) fail as it does in sysfs: preloaded into the exporter.
 *
 * A file that was removed after it was opened gives ENODEV, as the attribute of a zone that was unregistered does for ever.
 * And chosen files fail as a driver does:
 *
 * FAULTY_PREAD_PATH     a part of the path of the files that fail
 * FAULTY_PREAD_CONTROL  a file with the name of the errno they fail with, or with so many milliseconds that a read takes; empty:
 *                       they are read as usual
 *
 * The control file is read at each call, so a test changes it while the exporter runs. It is opened before the exporter
 * encloses itself and could no more, and the files are chosen when they are opened: only calls that the exporter makes itself
 * are made later.
 */
#define _GNU_SOURCE
#include "preloaded_syscall.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 1024

static int (*next_open)(const char *, int, ...);
static int control = -1;
static char chosen[DESCRIPTORS];

__attribute__((constructor)) static void prepare(void)
{
    next_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    const char *path = getenv("FAULTY_PREAD_CONTROL");
    if (path)
        control = next_open(path, O_RDONLY | O_CLOEXEC);
}

static int open_and_choose(const char *path, int flags, mode_t mode)
{
    if (!next_open)
        prepare();
    int descriptor = next_open(path, flags, mode);
    const char *part = getenv("FAULTY_PREAD_PATH");
    if (descriptor >= 0 && descriptor < DESCRIPTORS)
        chosen[descriptor] = part && strstr(path, part);
    return descriptor;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_and_choose(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_and_choose(path, flags, mode);
}

/* Without a system call, which the exporter's sandbox would not let pass. */
static void spend(long milliseconds)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < milliseconds);
}

/* The errno that the control file asks for, or 0. */
static int wanted_error(void)
{
    char name[16] = "";
    if (control < 0 || pread(control, name, sizeof name - 1, 0) <= 0)
        return 0;
    name[strcspn(name, "\n")] = '\0';
    spend(atol(name));
    if (strcmp(name, "EINVAL") == 0)
        return EINVAL;
    if (strcmp(name, "EIO") == 0)
        return EIO;
    if (strcmp(name, "ENODEV") == 0)
        return ENODEV;
    if (strcmp(name, "EPERM") == 0)
        return EPERM;
    if (strcmp(name, "ENODATA") == 0)
        return ENODATA;
    return 0;
}

static int is_chosen(int descriptor)
{
    return descriptor >= 0 && descriptor < DESCRIPTORS && chosen[descriptor];
}

static int is_removed(int descriptor)
{
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 0;
}

static int fails(int descriptor)
{
    int error = is_removed(descriptor) ? ENODEV : is_chosen(descriptor) ? wanted_error() : 0;
    if (error != 0)
        errno = error;
    return error != 0;
}

static int meet(long number, const long *arguments)
{
    return number == SYS_pread64 && fails((int)arguments[0]);
}
