/* Lets processes live for a moment, each in a cgroup of its own, of which what they ran is known:
 *
 *     short_lives DIRECTORY
 *
 * For each line with two numbers, COUNT and SEED, it makes COUNT cgroups in DIRECTORY, one after the other with some at the same
 * time, gives birth to a process in each, waits for it, and removes the cgroup. Then it prints the microseconds of processor time
 * that all processes of this line ran, as wait4(2) has it.
 *
 * A process is born in its cgroup by CLONE_INTO_CGROUP, so that all of its time is that cgroup's. Most burn up to 8 ms, one in
 * twenty up to 200 ms. Names are used again from line to line, as those of services that are started again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TOGETHER = 3, NAMES = 400 };

static int directory;
static uint64_t state;

struct life {
    pid_t process;
    unsigned name;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* SplitMix64. */
static uint64_t next(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static char *name_of(unsigned name) {
    static char text[32];
    snprintf(text, sizeof text, "life-%u.service", name);
    return text;
}

static void burn(uint64_t nanoseconds) {
    struct timespec ran;
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ran);
    while ((uint64_t)ran.tv_sec * 1000000000 + ran.tv_nsec < nanoseconds);
}

static struct life begin(unsigned name) {
    if (mkdirat(directory, name_of(name), 0755) != 0) fail("mkdir");
    int cgroup = openat(directory, name_of(name), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (cgroup < 0) fail("open");
    uint64_t most = next() % 20 == 0 ? 200000000 : 8000000, nanoseconds = next() % most;
    struct clone_args arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = cgroup};
    pid_t process = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (process < 0) fail("clone3");
    if (process == 0) {
        burn(nanoseconds);
        _exit(0);
    }
    close(cgroup);
    return (struct life){process, name};
}

/* The microseconds that it ran. */
static uint64_t end(struct life life) {
    struct rusage used;
    if (wait4(life.process, NULL, 0, &used) != life.process) fail("wait4");
    if (unlinkat(directory, name_of(life.name), AT_REMOVEDIR) != 0) fail("rmdir");
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

int main(int count, char **arguments) {
    if (count != 2 || (directory = open(arguments[1], O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) fail("short_lives DIRECTORY");
    unsigned lives, name = 0;
    while (scanf("%u %lu", &lives, &state) == 2) {
        struct life living[TOGETHER];
        uint64_t ran = 0;
        for (unsigned born = 0; born < lives; born++) {
            struct life *place = &living[born % TOGETHER];
            if (born >= TOGETHER) ran += end(*place);
            *place = begin(name++ % NAMES);
        }
        for (unsigned last = 0; last < TOGETHER && last < lives; last++) ran += end(living[last]);
        printf("%lu\n", ran);
        fflush(stdout);
    }
    return 0;
}
