/* The floor of a sample: reads and parses the same counters as the exporter does, and nothing else.
 *
 *     read_counters ROUNDS INTERVAL_US FILE...     prints the nanoseconds of processor time per round
 *
 * With an interval of 0 the rounds follow each other at once (warm caches, no waiting: what the reads
 * alone cost). Otherwise each round is started by a timer, as a tick of the exporter is, and pays for
 * being woken up too.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COUNTERS = 64 };

/* Where the readings go, so that the compiler cannot leave out the parsing. */
static volatile uint64_t latest;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t read_counter(int descriptor) {
    char bytes[32];
    ssize_t count = pread(descriptor, bytes, sizeof bytes, 0);
    uint64_t value = 0;
    for (ssize_t index = 0; index < count && bytes[index] >= '0' && bytes[index] <= '9'; index++)
        value = value * 10 + (uint64_t)(bytes[index] - '0');
    return value;
}

static int start_timer(long microseconds) {
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct timespec interval = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
    struct itimerspec schedule = {.it_interval = interval, .it_value = interval};
    if (timer < 0 || timerfd_settime(timer, 0, &schedule, NULL)) fail("timerfd");
    return timer;
}

static void await_expiration(int timer) {
    uint64_t expirations;
    if (read(timer, &expirations, sizeof expirations) != sizeof expirations) fail("read timerfd");
}

static double processor_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv) {
    int counters = argc - 3;
    if (counters < 1 || counters > MAX_COUNTERS || atol(argv[1]) < 1) {
        fprintf(stderr, "usage: read_counters ROUNDS INTERVAL_US FILE...\n");
        return 64;
    }
    long rounds = atol(argv[1]);
    long interval = atol(argv[2]);
    int descriptors[MAX_COUNTERS];
    for (int index = 0; index < counters; index++) {
        descriptors[index] = open(argv[3 + index], O_RDONLY);
        if (descriptors[index] < 0) fail(argv[3 + index]);
    }
    int timer = interval > 0 ? start_timer(interval) : -1;

    double start = processor_nanoseconds();
    for (long round = 0; round < rounds; round++) {
        if (timer >= 0) await_expiration(timer);
        for (int index = 0; index < counters; index++) latest = read_counter(descriptors[index]);
    }
    printf("%.1f\n", (processor_nanoseconds() - start) / (double)rounds);
    return 0;
}
