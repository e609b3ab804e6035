/* A library with the functions of NVIDIA's libnvidia-ml.so.1 that the reader calls, for GPUs that do not exist.
 *
 * It is driven by files in the directory that FAKE_NVML names, which fake_nvml.py writes: they are mapped at the start, so that it
 * opens nothing later, as the real one. Like that one it asks a device by ioctl with one command number, burns the time that it takes
 * as the processor's, knows a fork by getpid, and brings its counter up to date every 100 ms and its samples every 20 ms. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 16, RING = 120, SAMPLE_MICROSECONDS = 20000, UPDATE_NANOSECONDS = 100000000 };

/* The same order as in fake_nvml.py. */
struct machine {
    uint64_t count, init_code, command, init_calls, init_delay;
};
struct gpu {
    char uuid[96], name[96], bus[32];
    uint64_t energy, rate, since, power, limit, divided, persistent, processes, delay, samples_delay, hang, crash;
    uint64_t handle_code, energy_code, power_code, samples_code;
    uint64_t energy_calls, power_calls, samples_calls, processes_calls;
};

static volatile struct machine *machine;
static volatile struct gpu *gpus[MOST];
static pid_t owner;
static int device = -1;

static void *map(const char *name, size_t size) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", getenv("FAKE_NVML"), name);
    int file = open(path, O_RDWR | O_CLOEXEC);
    void *content = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return content == MAP_FAILED ? NULL : content;
}

static uint64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void burn(uint64_t nanoseconds) {
    uint64_t end = now(CLOCK_MONOTONIC) + nanoseconds;
    while (nanoseconds > 0 && now(CLOCK_MONOTONIC) < end) continue;
}

/* What each call does before it answers, which takes so long. */
static int ask(volatile struct gpu *gpu, uint64_t delay) {
    static uint32_t never;
    struct timespec pause = {.tv_nsec = 5000000};
    if (owner == 0 || getpid() != owner) return 1;
    if (gpu->crash) *(volatile int *)NULL = 0;
    while (gpu->hang) syscall(SYS_futex, &never, FUTEX_WAIT, 0, &pause, NULL, 0);
    burn(delay);
    /* /dev/null knows no command, and says ENOTTY to each that reaches it. */
    return ioctl(device, (unsigned int)machine->command, NULL) != 0 && errno == EPERM ? 999 : 0;
}

int nvmlInit_v2(void) {
    if (machine == NULL) machine = map("machine", sizeof *machine);
    if (machine == NULL) return 9;
    machine->init_calls += 1;
    burn(machine->init_delay);
    if (machine->init_code != 0) return (int)machine->init_code;
    for (unsigned int index = 0; index < machine->count && index < MOST; index++) {
        char name[16];
        snprintf(name, sizeof name, "gpu%u", index);
        gpus[index] = map(name, sizeof **gpus);
        if (gpus[index] == NULL) return 999;
    }
    device = open("/dev/null", O_RDWR | O_CLOEXEC);
    owner = getpid();
    return 0;
}

int nvmlSystemGetDriverVersion(char *text, unsigned int length) {
    snprintf(text, length, "580.0-fake");
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned int *count) {
    *count = (unsigned int)machine->count;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, volatile struct gpu **gpu) {
    if (index >= machine->count) return 2;
    *gpu = gpus[index];
    return (int)gpus[index]->handle_code;
}

static int give(volatile const char *from, char *text, unsigned int length) {
    snprintf(text, length, "%s", (const char *)from);
    return 0;
}

int nvmlDeviceGetUUID(volatile struct gpu *gpu, char *text, unsigned int length) { return give(gpu->uuid, text, length); }
int nvmlDeviceGetName(volatile struct gpu *gpu, char *text, unsigned int length) { return give(gpu->name, text, length); }

int nvmlDeviceGetPciInfo_v3(volatile struct gpu *gpu, char *information) {
    memset(information, 0, 68);
    return give(gpu->bus, information + 36, 32);
}

int nvmlDeviceGetPowerManagementLimitConstraints(volatile struct gpu *gpu, unsigned int *lowest, unsigned int *highest) {
    *lowest = 1000;
    *highest = (unsigned int)gpu->limit;
    return gpu->limit == 0 ? 3 : 0;
}

int nvmlDeviceGetMigMode(volatile struct gpu *gpu, unsigned int *current, unsigned int *pending) {
    *current = *pending = (unsigned int)gpu->divided;
    return 0;
}

int nvmlDeviceGetPersistenceMode(volatile struct gpu *gpu, unsigned int *mode) {
    *mode = (unsigned int)gpu->persistent;
    return 0;
}

#ifndef WITHOUT_ENERGY
int nvmlDeviceGetTotalEnergyConsumption(volatile struct gpu *gpu, unsigned long long *millijoules) {
    gpu->energy_calls += 1;
    int result = ask(gpu, gpu->delay);
    uint64_t elapsed = now(CLOCK_MONOTONIC) / UPDATE_NANOSECONDS * UPDATE_NANOSECONDS - gpu->since;
    *millijoules = gpu->energy + (gpu->rate == 0 ? 0 : elapsed / 1000000 * gpu->rate / 1000);
    return gpu->energy_code != 0 ? (int)gpu->energy_code : result;
}
#endif

int nvmlDeviceGetPowerUsage(volatile struct gpu *gpu, unsigned int *milliwatts) {
    gpu->power_calls += 1;
    int result = ask(gpu, 0);
    *milliwatts = (unsigned int)gpu->power;
    return gpu->power_code != 0 ? (int)gpu->power_code : result;
}

struct sample {
    unsigned long long microseconds;
    union {
        double floating;
        unsigned int milliwatts;
    };
};

/* Each has a watt more than the one before, and every tenth begins anew. */
int nvmlDeviceGetSamples(volatile struct gpu *gpu, unsigned int kind, unsigned long long seen, unsigned int *type,
                         unsigned int *count, struct sample *samples) {
    gpu->samples_calls += 1;
    int result = ask(gpu, gpu->samples_delay);
    if (gpu->samples_code != 0 || result != 0) return gpu->samples_code != 0 ? (int)gpu->samples_code : result;
    if (kind != 0) return 2;
    uint64_t last = now(CLOCK_REALTIME) / 1000 / SAMPLE_MICROSECONDS, found = 0;
    for (uint64_t number = last - RING + 1; number <= last && found < *count; number++) {
        if (number * SAMPLE_MICROSECONDS <= seen) continue;
        samples[found].microseconds = number * SAMPLE_MICROSECONDS;
        samples[found].milliwatts = (unsigned int)(gpu->power + number % 10 * 1000);
        found += 1;
    }
    *type = 1;
    *count = (unsigned int)found;
    return found == 0 ? 21 : 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(volatile struct gpu *gpu, unsigned int *count, void *processes) {
    gpu->processes_calls += 1;
    int result = ask(gpu, gpu->delay);
    unsigned int room = *count;
    *count = (unsigned int)gpu->processes;
    (void)processes;
    return result == 0 && room < *count ? 7 : result;
}
