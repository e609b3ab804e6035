/// Kernel interfaces that Swift's Glibc module leaves out, and shims for what hides behind _GNU_SOURCE
/// (which must not be defined in a header: it would clash with Swift's own view of glibc).
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>

#include <linux/vm_sockets.h>
#include <signal.h>
#include <time.h>

/// How many words the command line has by which this program was started, its own name included: from the C library, and not from
/// /proc, which need not be there.
int clinux_argument_count(void);

/// One of those words; null if there is none of that number.
const char *_Nullable clinux_argument(int index);

/// Starts the program that the first word names, as a member of the control group whose cgroup.procs is open for writing as `members`, and
/// with this mask of signals: the child joins before it is executed, so that all of the program's time is the group's. Gives its number, or
/// -1 with errno; then `joined` tells whether it had joined the group, and could only not be executed. See execvp(3), cgroups(7).
pid_t clinux_spawn_member(char *_Nullable const *_Nonnull words, const sigset_t *_Nonnull mask, int members,
                          int *_Nonnull joined);

/// Opens /dev/null in place of each standard descriptor (0 to 2) that is closed, so that no file or socket gets its number, and what is
/// meant for a terminal never reaches it. To be called before anything is opened. Gives -1 if that cannot be done.
int clinux_fill_standard_descriptors(void);

/// Whether a standard descriptor was closed when they were filled.
int clinux_was_closed_at_start(int descriptor);

/// accept4(2) with SOCK_CLOEXEC and SOCK_NONBLOCK; the peer's address goes to `address`.
int clinux_accept(int listener, struct sockaddr_storage *_Nonnull address);

/// What each tick calls of the C library. A tick finds the processor's caches cold, and each page that it touches costs up to a
/// microsecond. By this table it touches one, where the ways through the linker's tables, and through the library's own, are five.
struct clinux_calls {
    /// The kernel's own function in this process' memory, where there is one; else the library's. See vdso(7).
    int (*_Nonnull clock)(clockid_t clock, struct timespec *_Nonnull time);
    /// All calls go through one function, which is one line of the cache, and no more than the call itself. See syscall(2).
    long (*_Nonnull system)(long number, ...);
};
extern struct clinux_calls clinux_calls __attribute__((visibility("hidden"), aligned(16)));

/// What a clock shows, in nanoseconds; negative if there is no such clock. See clock_gettime(2).
static inline int64_t clinux_nanoseconds(clockid_t clock) {
    struct timespec time;
    if (clinux_calls.clock(clock, &time) != 0) return -1;
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/// pread(2).
static inline ssize_t clinux_pread(int descriptor, void *_Nonnull buffer, size_t length, off_t offset) {
    return clinux_calls.system(SYS_pread64, descriptor, buffer, length, offset);
}

/// epoll_wait(2), which on arm64 is epoll_pwait(2) without a mask.
static inline int clinux_epoll_wait(int epoll, struct epoll_event *_Nonnull events, int capacity, int milliseconds) {
#ifdef SYS_epoll_wait
    return (int)clinux_calls.system(SYS_epoll_wait, epoll, events, capacity, milliseconds);
#else
    return (int)clinux_calls.system(SYS_epoll_pwait, epoll, events, capacity, milliseconds, NULL, 0);
#endif
}

/// How often a timer expired since it was read last; -1 with errno. See timerfd_create(2).
static inline int64_t clinux_expirations(int timer) {
    int64_t expirations = 0;
    return clinux_calls.system(SYS_read, timer, &expirations, sizeof expirations) < 0 ? -1 : expirations;
}

/// getdents64(2) on an open directory: the raw records, without the allocation that opendir(3) makes.
ssize_t clinux_getdents(int directory, void *_Nonnull buffer, size_t length);

/// Sends one piece or two as one message with MSG_NOSIGNAL and MSG_DONTWAIT, to which the kernel appends nothing; see send(2).
ssize_t clinux_send_pair(int socket, const void *_Nonnull first, size_t first_length,
                         const void *_Nullable second, size_t second_length);

/// One datagram to a unix socket by path ('@' first means the abstract namespace), with MSG_NOSIGNAL and
/// MSG_DONTWAIT; `attached` is a descriptor that goes with it, or -1. Gives -1 with ENAMETOOLONG when the path does not
/// fit. See unix(7).
ssize_t clinux_send_datagram(int socket, const char *_Nonnull path, size_t path_length,
                             const void *_Nonnull bytes, size_t length, int attached);

/// memfd_create(2) with MFD_CLOEXEC, of a fixed length that nobody can change any more.
int clinux_memfd(const char *_Nonnull name, size_t length);

/// memfd_create(2) with MFD_CLOEXEC, of a length that changes.
int clinux_zero_copy_buffer(void);

/// Sends a part of a file, of memory without a copy. See sendfile(2).
ssize_t clinux_sendfile(int socket, int file, size_t offset, size_t length);

/// Waits until a descriptor can be written to, with no signal blocked but SIGPIPE and SIGXFSZ: the others act as soon as they come.
/// See ppoll(2).
int clinux_wait_writable(int descriptor);

/// Whether nobody can shorten what a descriptor refers to. See F_GET_SEALS(2const).
int clinux_is_sealed(int descriptor);

/// Counts one event of a performance monitoring unit on one processor, from now on and for all tasks, as the leader
/// of a group (`leader` -1) or a member of one. Reads give the whole group and the time it ran. See perf_event_open(2).
int clinux_perf_event_open(uint32_t type, uint64_t config, int processor, int leader);

/// The version of landlock's interface that the kernel has, from 1 on. See landlock_create_ruleset(2).
int clinux_landlock_version(void);

/// A new set of landlock rules, close-on-exec. Without a rule nothing is allowed of all that this version knows: no access to
/// files and, where it has them, no TCP ports, no signals to others and, unless `reaches_abstract_sockets`, no abstract unix
/// sockets of others. See landlock_create_ruleset(2).
int clinux_landlock_ruleset(int version, int reaches_abstract_sockets);

/// Allows to read a file, or to list and read whatever is in and below a directory. See landlock_add_rule(2).
int clinux_landlock_allow_reading(int ruleset, const char *_Nonnull path);

/// Allows to make files in and below an open directory, to write them and to put them in each other's place. See landlock_add_rule(2).
int clinux_landlock_allow_replacing(int ruleset, int directory, int version);

/// Binds this thread and whatever it starts to the rules. See landlock_restrict_self(2).
int clinux_landlock_restrict(int ruleset);

/// No program that is executed from here has more rights than this one. See PR_SET_NO_NEW_PRIVS(2const).
int clinux_no_new_privileges(void);

/// No other process of this user may read this one's memory, and no core file is written of it. See PR_SET_DUMPABLE(2const).
int clinux_forbid_inspection(void);

/// Empties the bounding set, which limits what any program executed from here can have. Gives -1 with EPERM if something is
/// in it and CAP_SETPCAP, which this needs, is missing. See PR_CAPBSET_DROP(2const).
int clinux_drop_bounding_capabilities(void);

/// Empties the ambient, effective, permitted and inheritable sets, but for CAP_PERFMON in the effective and permitted ones where
/// that is to be kept and is there: then it gives 1. See capset(2), PR_CAP_AMBIENT(2const).
int clinux_drop_capabilities(int keeps_monitoring);

/// Lets go of the program's own code in memory: what is needed again comes back from the file by itself. Gives -1 if the kernel does
/// not do it. See madvise(2), MADV_DONTNEED, and dl_iterate_phdr(3).
int clinux_release_code(void);

/// Gives memory back that was freed, and what calls that have returned left on the stack. To be called in the first thread. See
/// malloc_trim(3), madvise(2).
void clinux_release_memory(void);

/// The file type bits of st_mode as one of the enumerators below; the S_IS macros do not import.
enum clinux_file_type { CLINUX_FILE_OTHER, CLINUX_FILE_REGULAR, CLINUX_FILE_PIPE, CLINUX_FILE_TERMINAL, CLINUX_FILE_SOCKET };
enum clinux_file_type clinux_file_type(unsigned int mode);

/// Writes who made the processor, as it says itself (`GenuineIntel`, the instruction CPUID), and a 0 behind. Gives 0 where the
/// processor has no such instruction.
int clinux_processor_maker(char maker[_Nonnull 13]);

#endif
