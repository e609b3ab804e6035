/* Makes pread(2) fail as it does in sysfs: preloaded into the exporter.
 *
 * A file that was removed after it was opened gives ENODEV, as the attribute of a zone that was unregistered does for ever.
 * And chosen files fail as a driver does:
 *
 * FAULTY_PREAD_PATH     a part of the path of the files that fail
 * FAULTY_PREAD_CONTROL  a file with the name of the errno they fail with; empty: they are read as usual
 *
 * The control file is read at each call, so a test changes it while the exporter runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The errno that the control file asks for, or 0. */
static int wanted_error(void)
{
    const char *control = getenv("FAULTY_PREAD_CONTROL");
    int descriptor = control ? open(control, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor < 0)
        return 0;
    char name[16] = "";
    ssize_t length = read(descriptor, name, sizeof name - 1);
    close(descriptor);
    if (length <= 0)
        return 0;
    name[strcspn(name, "\n")] = '\0';
    if (strcmp(name, "EINVAL") == 0)
        return EINVAL;
    if (strcmp(name, "EIO") == 0)
        return EIO;
    if (strcmp(name, "ENODEV") == 0)
        return ENODEV;
    if (strcmp(name, "EPERM") == 0)
        return EPERM;
    return 0;
}

/* Whether a descriptor is one of the files that fail. */
static int is_chosen(int descriptor)
{
    const char *part = getenv("FAULTY_PREAD_PATH");
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!part || length < 0)
        return 0;
    path[length] = '\0';
    return strstr(path, part) != NULL;
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

ssize_t pread(int descriptor, void *buffer, size_t size, off_t offset)
{
    static ssize_t (*next)(int, void *, size_t, off_t);
    if (!next)
        next = (ssize_t (*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread");
    return fails(descriptor) ? -1 : next(descriptor, buffer, size, offset);
}

ssize_t pread64(int descriptor, void *buffer, size_t size, off64_t offset)
{
    static ssize_t (*next)(int, void *, size_t, off64_t);
    if (!next)
        next = (ssize_t (*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64");
    return fails(descriptor) ? -1 : next(descriptor, buffer, size, offset);
}
