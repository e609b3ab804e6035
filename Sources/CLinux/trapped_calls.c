#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <ucontext.h>

/* A signal handler has nothing but globals to write to, which is why this one is in C and does nothing else. */
static atomic_uint trapped[CLINUX_TRAPPED_CALLS];

/* The kernel has skipped the call and goes on behind it, with the result that is in the registers then. */
static void refuse(int number, siginfo_t *information, void *interrupted) {
    (void)number;
    unsigned int call = (unsigned int)information->si_syscall;
    atomic_fetch_add_explicit(
        &trapped[call < CLINUX_TRAPPED_CALLS ? call : CLINUX_TRAPPED_CALLS - 1], 1, memory_order_relaxed);
    ucontext_t *context = interrupted;
#if defined(__x86_64__)
    context->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
    context->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#else
#error "where the result of a system call goes is known for x86-64 and arm64 only"
#endif
}

int clinux_count_trapped_calls(void) {
    struct sigaction action = {.sa_sigaction = refuse, .sa_flags = SA_SIGINFO | SA_RESTART};
    return sigaction(SIGSYS, &action, NULL);
}

unsigned int clinux_trapped_calls(unsigned int number) {
    return number < CLINUX_TRAPPED_CALLS ? atomic_load_explicit(&trapped[number], memory_order_relaxed) : 0;
}
