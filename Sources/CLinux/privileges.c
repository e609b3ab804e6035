#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_no_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int clinux_forbid_inspection(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int clinux_drop_bounding_capabilities(void) {
    /* The kernel may know more capabilities than our headers, but never more than a set has bits. */
    for (unsigned long capability = 0; capability < 64; capability++) {
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1) continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return -1;
    }
    return 0;
}

int clinux_drop_capabilities(int keeps_monitoring) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -1;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct had[_LINUX_CAPABILITY_U32S_3], kept[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, had) != 0) return -1;
    unsigned int word = CAP_TO_INDEX(CAP_PERFMON);
    if (keeps_monitoring) kept[word].permitted = had[word].permitted & CAP_TO_MASK(CAP_PERFMON);
    kept[word].effective = kept[word].permitted;
    if (syscall(SYS_capset, &header, kept) != 0) return -1;
    return kept[word].permitted != 0;
}
