#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/perf_event.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

int clinux_accept(int listener, struct sockaddr_storage *address) {
    socklen_t length = sizeof *address;
    return accept4(listener, (struct sockaddr *)address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

ssize_t clinux_getdents(int directory, void *buffer, size_t length) {
    return getdents64(directory, buffer, length);
}

ssize_t clinux_send_pair(int socket, const void *first, size_t first_length, const void *second, size_t second_length) {
    /* Without MSG_EOR, TCP would append to a packet that waits, up to 64 KiB, whatever SO_SNDBUF says. */
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_EOR;
    if (second_length == 0) return send(socket, first, first_length, flags);
    struct iovec pieces[2] = {
        {.iov_base = (void *)first, .iov_len = first_length},
        {.iov_base = (void *)second, .iov_len = second_length},
    };
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    return sendmsg(socket, &message, flags);
}

ssize_t clinux_send_datagram(int socket, const char *path, size_t path_length, const void *bytes, size_t length,
                             int attached) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path_length == 0 || path_length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, path_length);
    socklen_t address_length = offsetof(struct sockaddr_un, sun_path) + path_length;
    if (path[0] == '@') address.sun_path[0] = 0;
    else address_length += 1;
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = address_length, .msg_iov = &piece, .msg_iovlen = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    if (attached >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof attached);
        memcpy(CMSG_DATA(rights), &attached, sizeof attached);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int clinux_memfd(const char *name, size_t length) {
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -1;
    if (ftruncate(descriptor, (off_t)length) == 0
        && fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return descriptor;
    int code = errno;
    close(descriptor);
    errno = code;
    return -1;
}

int clinux_zero_copy_buffer(void) { return memfd_create("responses", MFD_CLOEXEC); }

ssize_t clinux_sendfile(int socket, int file, size_t offset, size_t length) {
    off_t position = (off_t)offset;
    return sendfile(socket, file, &position, length);
}

int clinux_wait_writable(int descriptor) {
    struct pollfd query = {.fd = descriptor, .events = POLLOUT};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    sigaddset(&blocked, SIGXFSZ);
    // By default it is ignored, and then nothing would be left of it: whoever waits for a child would wait for ever.
    sigaddset(&blocked, SIGCHLD);
    return ppoll(&query, 1, NULL, &blocked);
}

int clinux_is_sealed(int descriptor) {
    int seals = fcntl(descriptor, F_GET_SEALS);
    return seals >= 0 && seals & F_SEAL_SHRINK;
}

int clinux_perf_event_open(uint32_t type, uint64_t config, int processor, int leader) {
    // No sampling and no exclude bits: units that count energy refuse both with EINVAL.
    struct perf_event_attr attributes = {
        .type = type,
        .size = sizeof attributes,
        .config = config,
        .read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_RUNNING,
    };
    return (int)syscall(SYS_perf_event_open, &attributes, -1, processor, leader, PERF_FLAG_FD_CLOEXEC);
}

/// The first object is the program itself.
static int release_code_of(struct dl_phdr_info *object, size_t size, void *result) {
    (void)size;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD || segment->p_flags != (PF_R | PF_X)) continue;
        uintptr_t start = object->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
        start -= start % page;
        *(int *)result = madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 1;
}

int clinux_release_code(void) {
    int result = -1;
    dl_iterate_phdr(release_code_of, &result);
    return result;
}

/* More than a start takes, and less than the kernel keeps free below a stack (stack_guard_gap). */
#define STACK_BYTES ((uintptr_t)512 << 10)

void clinux_release_memory(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    malloc_trim(0);
    /* What lies lower was left by calls that have returned; a page is for this one and those that it makes. */
    uintptr_t end = frame - frame % page - page;
    /* Where the stack has never been so deep there is nothing, which is no error that matters. */
    (void)madvise((void *)(end - STACK_BYTES), STACK_BYTES, MADV_DONTNEED);
}

int clinux_processor_maker(char maker[13]) {
#if defined(__x86_64__) || defined(__i386__)
    unsigned int highest, words[3];
    if (!__get_cpuid(0, &highest, &words[0], &words[2], &words[1])) return 0;
    memcpy(maker, words, sizeof words);
    maker[12] = 0;
    return 1;
#else
    (void)maker;
    return 0;
#endif
}

enum clinux_file_type clinux_file_type(unsigned int mode) {
    switch (mode & S_IFMT) {
    case S_IFREG: return CLINUX_FILE_REGULAR;
    case S_IFIFO: return CLINUX_FILE_PIPE;
    case S_IFCHR: return CLINUX_FILE_TERMINAL;
    case S_IFSOCK: return CLINUX_FILE_SOCKET;
    default: return CLINUX_FILE_OTHER;
    }
}
