/* Counts a process' allocations where another process can read them at any moment:
 *
 *     MALLOC_COUNTER_FILE=/tmp/count LD_PRELOAD=./malloc_counter.so program
 *
 * The file holds two native 64-bit integers, mapped by the counted process and written by each call of
 * malloc and its relatives: how many calls there were, and how many of them came from the program's own
 * image and not from a shared library. Reading it costs that process nothing. The allocations themselves are left
 * to glibc through its own names (__libc_malloc), not through dlsym, which would allocate before it
 * could answer. So the counter works from the first call on, before any constructor ran.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

struct calls {
    uint64_t all;
    uint64_t own;
};

/* Calls before the file is mapped; they are carried over to it. None of them counts as the program's own. */
static struct calls early;
static struct calls *calls = &early;

/* Where the program's own image lies. */
static uintptr_t image_start, image_end;

static void count_call(const void *caller) {
    __atomic_fetch_add(&calls->all, 1, __ATOMIC_RELAXED);
    if ((uintptr_t)caller - image_start < image_end - image_start) __atomic_fetch_add(&calls->own, 1, __ATOMIC_RELAXED);
}

/* The first object that is told of is the program. */
static int find_image(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size, (void)unused;
    uintptr_t end = 0;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type == PT_LOAD && segment->p_vaddr + segment->p_memsz > end) end = segment->p_vaddr + segment->p_memsz;
    }
    image_start = object->dlpi_addr;
    image_end = object->dlpi_addr + end;
    return 1;
}

__attribute__((constructor)) static void map_counter(void) {
    const char *path = getenv("MALLOC_COUNTER_FILE");
    if (!path) return;
    dl_iterate_phdr(find_image, NULL);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return;
    void *page = MAP_FAILED;
    if (ftruncate(descriptor, sizeof *calls) == 0)
        page = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (page == MAP_FAILED) return;
    __atomic_fetch_add(&((struct calls *)page)->all, early.all, __ATOMIC_RELAXED);
    calls = page;
}

void *malloc(size_t size) {
    count_call(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_call(__builtin_return_address(0));
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    count_call(__builtin_return_address(0));
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count_call(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_call(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    count_call(__builtin_return_address(0));
    void *allocated = __libc_memalign(alignment, size);
    if (!allocated) return ENOMEM;
    *block = allocated;
    return 0;
}
