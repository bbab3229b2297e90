/* SPDX-License-Identifier: MIT */
/*
 * Landlock by system call, without the kernel's header: what we ask for depends on the version that
 * the running kernel has, not on the one that we were built with.
 */
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "auditd/sandbox/parts.h"
#include "libtx/base/fd.h"

/* The numbers are the same on every machine type. */
#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define FS(bit) (UINT64_C(1) << (bit))
enum {
    FS_EXECUTE,
    FS_WRITE_FILE,
    FS_READ_FILE,
    FS_READ_DIR,
    FS_REMOVE_DIR,
    FS_REMOVE_FILE,
    FS_MAKE_CHAR,
    FS_MAKE_DIR,
    FS_MAKE_REG,
    FS_MAKE_SOCK,
    FS_MAKE_FIFO,
    FS_MAKE_BLOCK,
    FS_MAKE_SYM,
    FS_REFER,     /* since version 2: rename from one directory into another */
    FS_TRUNCATE,  /* since version 3 */
    FS_IOCTL_DEV, /* since version 5 */
};

/* Version 4: bind and connect of TCP. Version 6: abstract Unix sockets of, and signals to,
 * processes outside. All of them, with no exception, are refused. */
#define NET_ALL (FS(0) | FS(1))
#define SCOPED_ALL (FS(0) | FS(1))

struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

struct path_beneath_attr {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

static uint64_t fs_handled(int version) {
    int bits = version >= 5   ? FS_IOCTL_DEV
               : version >= 3 ? FS_TRUNCATE
               : version >= 2 ? FS_REFER
                              : FS_MAKE_SYM;
    return (FS(bits) << 1) - 1;
}

static uint64_t fs_allowed(int access) {
    uint64_t allowed = 0;
    if (access & TX_SANDBOX_READ)
        allowed |= FS(FS_READ_FILE) | FS(FS_READ_DIR);
    if (access & TX_SANDBOX_WRITE)
        allowed |= FS(FS_WRITE_FILE) | FS(FS_REMOVE_FILE) | FS(FS_MAKE_REG) | FS(FS_MAKE_DIR) |
                   FS(FS_REFER) | FS(FS_TRUNCATE);
    return allowed;
}

static const uint64_t fs_of_files =
    FS(FS_EXECUTE) | FS(FS_WRITE_FILE) | FS(FS_READ_FILE) | FS(FS_TRUNCATE) | FS(FS_IOCTL_DEV);

int tx_sandbox_landlock_version(void) {
    long version = syscall(CALL_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

static int add_path(int ruleset, uint64_t handled, const struct tx_sandbox_path *path) {
    struct stat st;
    struct path_beneath_attr rule = {.allowed_access = fs_allowed(path->access) & handled,
                                     .parent_fd = path->fd};
    if (fstat(path->fd, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode))
        rule.allowed_access &= fs_of_files;
    if (rule.allowed_access == 0)
        return 0;
    return syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int tx_landlock_restrict(int version, const struct tx_sandbox_path *paths, size_t n_paths,
                         bool *ret_enforced) {
    struct ruleset_attr attr = {.handled_access_fs = fs_handled(version),
                                .handled_access_net = version >= 4 ? NET_ALL : 0,
                                .scoped = version >= 6 ? SCOPED_ALL : 0};

    if (version <= 0) {
        *ret_enforced = false;
        return 0;
    }
    /* An older kernel takes a longer structure when what it does not know is zero. */
    _cleanup_(tx_fd_closep) int ruleset = (int)syscall(CALL_CREATE_RULESET, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return -errno;
    for (size_t i = 0; i < n_paths; i++) {
        int r = add_path(ruleset, attr.handled_access_fs, &paths[i]);
        if (r < 0)
            return r;
    }
    if (syscall(CALL_RESTRICT_SELF, ruleset, 0) < 0)
        return -errno;
    *ret_enforced = true;
    return 0;
}
