#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The system's headers may be older than its kernel, so what came after the first version is written out here. A kernel takes
 * a structure longer than its own if the part that it does not know is 0. See Documentation/userspace-api/landlock.rst. */
struct ruleset_attributes {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

enum {
    ACCESSES_1 = (1 << 13) - 1,
    ACCESS_REFER_2 = 1 << 13,
    ACCESS_TRUNCATE_3 = 1 << 14,
    ACCESS_DEVICE_CONTROL_5 = 1 << 15,
    NETWORK_BIND_AND_CONNECT_4 = 3,
    SCOPE_ABSTRACT_SOCKETS_6 = 1,
    SCOPE_SIGNALS_6 = 2,
};

int clinux_landlock_version(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

int clinux_landlock_ruleset(int version, int reaches_abstract_sockets) {
    struct ruleset_attributes attributes = {.files = ACCESSES_1};
    if (version >= 2) attributes.files |= ACCESS_REFER_2;
    if (version >= 3) attributes.files |= ACCESS_TRUNCATE_3;
    if (version >= 4) attributes.network = NETWORK_BIND_AND_CONNECT_4;
    if (version >= 5) attributes.files |= ACCESS_DEVICE_CONTROL_5;
    if (version >= 6) attributes.scopes = SCOPE_SIGNALS_6 | (reaches_abstract_sockets ? 0 : SCOPE_ABSTRACT_SOCKETS_6);
    return (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
}

int clinux_landlock_allow_reading(int ruleset, const char *path) {
    int opened = open(path, O_PATH | O_CLOEXEC);
    if (opened < 0) return -1;
    struct stat status;
    int result = fstat(opened, &status);
    if (result == 0) {
        uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE;
        if (S_ISDIR(status.st_mode)) reading |= LANDLOCK_ACCESS_FS_READ_DIR;
        struct landlock_path_beneath_attr rule = {
            .allowed_access = reading,
            .parent_fd = opened,
        };
        result = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    int code = errno;
    close(opened);
    errno = code;
    return result;
}

int clinux_landlock_allow_replacing(int ruleset, int directory, int version) {
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
        .parent_fd = directory,
    };
    if (version >= 3) rule.allowed_access |= ACCESS_TRUNCATE_3;
    return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int clinux_landlock_restrict(int ruleset) {
    return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}
