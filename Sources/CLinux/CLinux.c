#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

int clinux_accept(int listener, struct sockaddr_storage *address) {
    socklen_t length = sizeof *address;
    return accept4(listener, (struct sockaddr *)address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

ssize_t clinux_getdents(int directory, void *buffer, size_t length) {
    return getdents64(directory, buffer, length);
}

ssize_t clinux_send_pair(int socket, const void *first, size_t first_length, const void *second, size_t second_length) {
    struct iovec pieces[2] = {
        {.iov_base = (void *)first, .iov_len = first_length},
        {.iov_base = (void *)second, .iov_len = second_length},
    };
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = second_length > 0 ? 2 : 1};
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t clinux_send_datagram(int socket, const char *path, size_t path_length, const void *bytes, size_t length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path_length == 0 || path_length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, path_length);
    socklen_t address_length = offsetof(struct sockaddr_un, sun_path) + path_length;
    if (path[0] == '@') address.sun_path[0] = 0;
    else address_length += 1;
    return sendto(socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, address_length);
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

enum clinux_file_type clinux_file_type(unsigned int mode) {
    switch (mode & S_IFMT) {
    case S_IFREG: return CLINUX_FILE_REGULAR;
    case S_IFIFO: return CLINUX_FILE_PIPE;
    case S_IFCHR: return CLINUX_FILE_TERMINAL;
    case S_IFSOCK: return CLINUX_FILE_SOCKET;
    default: return CLINUX_FILE_OTHER;
    }
}
