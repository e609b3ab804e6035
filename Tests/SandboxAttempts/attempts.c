#define _GNU_SOURCE
#include "SandboxAttempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether a descriptor was had; it is closed again. */
static int had(int descriptor) {
    if (descriptor >= 0) close(descriptor);
    return descriptor;
}

static int read_file(const char *path) { return had(open(path, O_RDONLY | O_CLOEXEC)); }
static int list(const char *path) { return had(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
static int write_file(const char *path) { return had(open(path, O_WRONLY | O_CLOEXEC)); }
static int create_file(const char *path) { return had(open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600)); }
static int remove_file(const char *path) { return unlink(path); }
static int make_directory(const char *path) { return mkdir(path, 0700); }
static int change_mode(const char *path) { return chmod(path, 0600); }
static int change_owner(const char *path) { return chown(path, 0, 0); }
static int rename_file(const char *path) { return rename(path, path); }
static int truncate_file(const char *path) { return truncate(path, 0); }

static int make_socket(const char *unused) {
    (void)unused;
    return had(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/* With a socket from before the sandbox. */
static int before = -1;
__attribute__((constructor)) static void prepare(void) { before = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bind_port(const char *unused) {
    (void)unused;
    struct sockaddr_in address = loopback(0);
    return bind(before, (struct sockaddr *)&address, sizeof address);
}

static int connect_port(const char *unused) {
    (void)unused;
    struct sockaddr_in address = loopback(9);
    return connect(before, (struct sockaddr *)&address, sizeof address);
}

static int listen_on(const char *unused) {
    (void)unused;
    return listen(before, 1);
}

static int execute(const char *path) {
    char *arguments[] = {(char *)path, NULL};
    char *environment[] = {NULL};
    return execve(path, arguments, environment);
}

static int child(pid_t process) {
    if (process == 0) _exit(0);
    if (process > 0) waitpid(process, NULL, 0);
    return process;
}

static int make_process(const char *unused) {
    (void)unused;
    return child((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int c_library_fork(const char *unused) {
    (void)unused;
    return child(fork());
}

static int make_process_3(const char *unused) {
    (void)unused;
    struct { unsigned long long words[8]; } arguments = {.words = {[4] = SIGCHLD}};
    return child((pid_t)syscall(SYS_clone3, &arguments, sizeof arguments));
}

/* A helper as the program has one: it yields to the loop, and takes memory, which the C library gives each thread from a heap
 * of its own. */
static void *help(void *unused) {
    (void)unused;
    errno = 0;
    if (nice(10) < 0 && errno != 0) return NULL;
    char *block = malloc(100 * 1000);
    if (!block) return NULL;
    memset(block, 1, 100 * 1000);
    free(block);
    return &before;
}

static int make_thread(const char *unused) {
    (void)unused;
    pthread_t thread;
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    errno = pthread_create(&thread, NULL, help, NULL);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (errno != 0) return -1;
    void *helped = NULL;
    return pthread_join(thread, &helped) == 0 && helped ? 0 : -1;
}

static int trace(const char *unused) {
    (void)unused;
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int signal_parent(const char *unused) {
    (void)unused;
    return kill(getppid(), 0);
}

static int signal_thread_of_parent(const char *unused) {
    (void)unused;
    return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int map_executable(const char *unused) {
    (void)unused;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : munmap(memory, 4096);
}

static int make_executable(const char *unused) {
    (void)unused;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

static int raise_limit(const char *unused) {
    (void)unused;
    struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
    return setrlimit(RLIMIT_NOFILE, &limit);
}

static int read_limit(const char *unused) {
    (void)unused;
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit);
}

static int change_user(const char *unused) {
    (void)unused;
    return setuid(0);
}

static int unshare_users(const char *unused) {
    (void)unused;
    return unshare(CLONE_NEWUSER);
}

static int mount_something(const char *path) { return mount("none", path, "tmpfs", 0, ""); }

static int control_process(const char *unused) {
    (void)unused;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int load_filter(const char *unused) {
    (void)unused;
    return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int open_event(const char *unused) {
    (void)unused;
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_DUMMY};
    return had((int)syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}

static int control_terminal(const char *unused) {
    (void)unused;
    char byte = 'x';
    return ioctl(0, TIOCSTI, &byte);
}

static int command_device(const char *number) {
    int result = ioctl(-1, (unsigned int)strtoul(number, NULL, 0), NULL);
    /* That the descriptor is none is what was to be learned: the call was made. */
    return result < 0 && errno == EBADF ? 0 : result;
}

/* With a socket from before the sandbox. */
static int datagrams = -1;
__attribute__((constructor)) static void prepare_datagrams(void) {
    datagrams = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int set_option(int level, int name) {
    struct linger value = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(before, level, name, &value, sizeof value);
}

static int reset_on_close(const char *unused) {
    (void)unused;
    return set_option(SOL_SOCKET, SO_LINGER);
}

static int limit_sending(const char *unused) {
    (void)unused;
    return set_option(SOL_SOCKET, SO_SNDBUF);
}

static int limit_receiving(const char *unused) {
    (void)unused;
    return set_option(SOL_SOCKET, SO_RCVBUF);
}

/* An option of another level with the number of one that is allowed. */
static int set_option_of_tcp(const char *unused) {
    (void)unused;
    return set_option(IPPROTO_TCP, SO_LINGER);
}

/* To the abstract socket of that name, which somebody must have. */
static int send_abstract(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
    return (int)sendto(datagrams, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, length);
}

static int end_by_abort(const char *unused) {
    (void)unused;
    abort();
}

static int allocate(const char *unused) {
    (void)unused;
    for (size_t size = 16; size <= (size_t)8 << 20; size *= 8) {
        char *block = malloc(size);
        if (!block) return -1;
        memset(block, 1, size);
        block = realloc(block, size * 2);
        if (!block) return -1;
        free(block);
    }
    return 0;
}

/* That a descriptor is none is what was to be learned: the call was made. */
static int was_made(ssize_t result) { return result < 0 && errno == EBADF ? 0 : (int)result; }

static int wait_for_events(const char *unused) {
    (void)unused;
    struct epoll_event event;
    return was_made(epoll_wait(-1, &event, 1, 0));
}

static int keep_alive(const char *unused) {
    (void)unused;
    return set_option(SOL_SOCKET, SO_KEEPALIVE);
}

static int watch_file(const char *unused) {
    (void)unused;
    return was_made(inotify_add_watch(-1, "/", IN_CREATE));
}

static int shorten(const char *number) { return was_made(ftruncate(atoi(number), 0)); }

static int fill(const char *number) { return was_made(pwrite(atoi(number), "x", 1, 0)); }

static int send_file(const char *number) { return was_made(sendfile(-1, atoi(number), NULL, 1)); }

static const struct {
    const char *name;
    int (*attempt)(const char *);
} attempts[] = {
    {"read", read_file},
    {"list", list},
    {"write", write_file},
    {"create", create_file},
    {"remove", remove_file},
    {"mkdir", make_directory},
    {"chmod", change_mode},
    {"chown", change_owner},
    {"rename", rename_file},
    {"truncate", truncate_file},
    {"socket", make_socket},
    {"bind", bind_port},
    {"connect", connect_port},
    {"listen", listen_on},
    {"setsockopt-keepalive", keep_alive},
    {"watch", watch_file},
    {"ftruncate", shorten},
    {"pwrite", fill},
    {"sendfile", send_file},
    {"execve", execute},
    {"clone", make_process},
    {"clone3", make_process_3},
    {"fork", c_library_fork},
    {"thread", make_thread},
    {"ptrace", trace},
    {"kill", signal_parent},
    {"tgkill", signal_thread_of_parent},
    {"mmap-executable", map_executable},
    {"mprotect-executable", make_executable},
    {"setrlimit", raise_limit},
    {"getrlimit", read_limit},
    {"setuid", change_user},
    {"unshare", unshare_users},
    {"mount", mount_something},
    {"prctl", control_process},
    {"bpf", load_filter},
    {"perf_event_open", open_event},
    {"ioctl", control_terminal},
    {"ioctl-number", command_device},
    {"setsockopt-linger", reset_on_close},
    {"setsockopt-sndbuf", limit_sending},
    {"setsockopt-rcvbuf", limit_receiving},
    {"setsockopt-tcp", set_option_of_tcp},
    {"send-abstract", send_abstract},
    {"abort", end_by_abort},
    {"allocate", allocate},
    {"epoll_wait", wait_for_events},
};

int sandbox_attempt(const char *name, const char *argument) {
    for (size_t index = 0; index < sizeof attempts / sizeof *attempts; index++) {
        if (strcmp(attempts[index].name, name) != 0) continue;
        return attempts[index].attempt(argument) < 0 ? errno : 0;
    }
    return -1;
}

const char *sandbox_attempt_name(int index) {
    return index >= 0 && (size_t)index < sizeof attempts / sizeof *attempts ? attempts[index].name : NULL;
}
