/* Counts a process' allocations where another process can read them at any moment:
 *
 *     MALLOC_COUNTER_FILE=/tmp/count LD_PRELOAD=./malloc_counter.so program
 *
 * The file holds one native 64-bit integer, mapped by the counted process and written by each call of
 * malloc and its relatives; reading it costs that process nothing. The allocations themselves are left
 * to glibc through its own names (__libc_malloc), not through dlsym, which would allocate before it
 * could answer. So the counter works from the first call on, before any constructor ran.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

/* Calls before the file is mapped; they are carried over to it. */
static uint64_t early;
static uint64_t *calls = &early;

static void count_call(void) {
    __atomic_fetch_add(calls, 1, __ATOMIC_RELAXED);
}

__attribute__((constructor)) static void map_counter(void) {
    const char *path = getenv("MALLOC_COUNTER_FILE");
    if (!path) return;
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return;
    void *page = MAP_FAILED;
    if (ftruncate(descriptor, sizeof *calls) == 0)
        page = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (page == MAP_FAILED) return;
    __atomic_fetch_add((uint64_t *)page, early, __ATOMIC_RELAXED);
    calls = page;
}

void *malloc(size_t size) {
    count_call();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_call();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    count_call();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count_call();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *allocated = memalign(alignment, size);
    if (!allocated) return ENOMEM;
    *block = allocated;
    return 0;
}
