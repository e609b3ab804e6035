#define _GNU_SOURCE
#include "CCrypt.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/// Where the digest begins in a hash's text: after version, cost and salt.
#define DIGEST_OFFSET 29
/// What a thread is given beyond the system's smallest stack; bcrypt works in the job's memory.
#define STACK_BYTES (48 * 1024)
/// How far the thread's share of the processor stands back behind the loop's: to about a tenth where they have to share one.
#define NICENESS 10

struct ccrypt_job {
    struct crypt_data scratch;
    char password[CCRYPT_PASSWORD_BYTES + 1];
    char hash[CCRYPT_HASH_BYTES + 1];
    /// A descriptor of the job's own, so that a thread never writes to a number that its owner has closed.
    int answers;
    atomic_bool is_right;
    /// The owner, and each thread that has not ended yet.
    atomic_int users;
};

struct ccrypt_job *ccrypt_make(int *descriptor, int *code) {
    struct ccrypt_job *job = calloc(1, sizeof *job);
    if (!job) {
        *code = ENOMEM;
        return NULL;
    }
    job->answers = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *descriptor = job->answers < 0 ? -1 : fcntl(job->answers, F_DUPFD_CLOEXEC, 0);
    if (*descriptor < 0) {
        *code = errno;
        if (job->answers >= 0) close(job->answers);
        free(job);
        return NULL;
    }
    atomic_init(&job->users, 1);
    return job;
}

void ccrypt_release(struct ccrypt_job *job) {
    if (atomic_fetch_sub(&job->users, 1) > 1) return;
    close(job->answers);
    explicit_bzero(job, sizeof *job);
    free(job);
}

/// Compares the digests alone, and all of them whatever differs: of the salt's last character only two bits count, and the
/// library writes the others its own way.
static bool is_right(struct ccrypt_job *job) {
    const char *computed = crypt_rn(job->password, job->hash, &job->scratch, sizeof job->scratch);
    if (!computed || strlen(computed) != CCRYPT_HASH_BYTES) return false;
    unsigned char difference = 0;
    for (size_t index = DIGEST_OFFSET; index < CCRYPT_HASH_BYTES; index++)
        difference |= (unsigned char)(computed[index] ^ job->hash[index]);
    return difference == 0;
}

static void *compare(void *argument) {
    struct ccrypt_job *job = argument;
    // Of this thread alone, on Linux; where it is refused, the scheduler shares evenly. See nice(2), NPTL in sched(7).
    int niceness = nice(NICENESS);
    (void)niceness;
    atomic_store(&job->is_right, is_right(job));
    explicit_bzero(job->password, sizeof job->password);
    explicit_bzero(job->scratch.output, sizeof job->scratch.output);
    // After this the owner may start the next thread on the same memory: only the count of users may be touched.
    const uint64_t one = 1;
    ssize_t written = write(job->answers, &one, sizeof one);
    (void)written;
    ccrypt_release(job);
    return NULL;
}

static int start_thread(struct ccrypt_job *job) {
    pthread_attr_t attributes;
    int code = pthread_attr_init(&attributes);
    if (code != 0) return code;
    long smallest = sysconf(_SC_THREAD_STACK_MIN);
    pthread_attr_setstacksize(&attributes, (size_t)(smallest > 0 ? smallest : 16 * 1024) + STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // A thread begins with its maker's mask. Signals are the loop's business.
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    pthread_t thread;
    code = pthread_create(&thread, &attributes, compare, job);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    pthread_attr_destroy(&attributes);
    return code;
}

bool ccrypt_start(struct ccrypt_job *job, const void *password, size_t password_length, const void *hash) {
    memcpy(job->password, password, password_length);
    job->password[password_length] = 0;
    memcpy(job->hash, hash, CCRYPT_HASH_BYTES);
    job->hash[CCRYPT_HASH_BYTES] = 0;
    atomic_fetch_add(&job->users, 1);
    if (start_thread(job) == 0) return true;
    explicit_bzero(job->password, sizeof job->password);
    ccrypt_release(job);
    return false;
}

int ccrypt_take(struct ccrypt_job *job) {
    uint64_t count;
    // It fails only by EAGAIN: the thread has not answered yet.
    if (read(job->answers, &count, sizeof count) != sizeof count) return -1;
    return atomic_load(&job->is_right) ? 1 : 0;
}
