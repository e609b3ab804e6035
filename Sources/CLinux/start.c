#define _GNU_SOURCE
#include "CLinux.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct clinux_calls clinux_calls = {.clock = clock_gettime, .system = syscall};

/// Under the names that it has on x86-64 and on arm64.
__attribute__((constructor)) static void find_clock(void) {
    void *kernel = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
    if (!kernel) return;
    void *found = dlsym(kernel, "__vdso_clock_gettime");
    if (!found) found = dlsym(kernel, "__kernel_clock_gettime");
    if (found) clinux_calls.clock = (int (*)(clockid_t, struct timespec *))found;
}

static int argument_count;
static char **argument_words;

/// The C library hands them to every constructor.
__attribute__((constructor)) static void keep_arguments(int count, char **words) {
    argument_count = count;
    argument_words = words;
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int index) {
    return index >= 0 && index < argument_count ? argument_words[index] : NULL;
}

/// Which of the standard descriptors were closed at the start, a bit for each.
static int closed_at_start;

int clinux_fill_standard_descriptors(void) {
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
        closed_at_start |= 1 << descriptor;
        // The lowest number that is free is this one. Without /dev there is something else that takes no text and gives none.
        if (open("/dev/null", O_RDWR | O_NOCTTY) < 0 && epoll_create1(0) < 0) return -1;
    }
    return 0;
}

int clinux_was_closed_at_start(int descriptor) {
    return descriptor >= 0 && descriptor <= 2 && closed_at_start & 1 << descriptor;
}

pid_t clinux_spawn_member(char *const *words, const sigset_t *mask, int members, int *joined) {
    int report[2];
    *joined = 0;
    if (pipe2(report, O_CLOEXEC) < 0) return -1;
    int failure[2] = {0, 0};
    pid_t child = fork();
    if (child == 0) {
        // "0" stands for whoever writes it.
        if (write(members, "0", 1) == 1) {
            failure[0] = 1;
            sigprocmask(SIG_SETMASK, mask, NULL);
            execvp(words[0], words);
        }
        failure[1] = errno;
        ssize_t told = write(report[1], failure, sizeof failure);
        _exit(told == sizeof failure ? 127 : 126);
    }
    int code = errno;
    close(report[1]);
    if (child > 0) {
        ssize_t count;
        do count = read(report[0], failure, sizeof failure);
        while (count < 0 && errno == EINTR);
        // Nothing is told by a program that was executed: the pipe closed with that.
        if (count == sizeof failure) {
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
            *joined = failure[0];
            code = failure[1];
            child = -1;
        }
    }
    close(report[0]);
    errno = code;
    return child;
}
