/* SPDX-License-Identifier: MIT */
#ifndef TX_SANDBOX_SANDBOX_H
#define TX_SANDBOX_SANDBOX_H

/*
 * The wall that a child puts around itself when it has opened what it needs. In this order: no
 * dump, no core; no new privileges; chroot where it is root; Landlock; other user, no capabilities;
 * seccomp with a list of allowed system calls (anything else kills the process; memory that can be
 * executed is never given out).
 *
 * What the kernel lacks is left out and reported, never silently; the daemon goes on. Where
 * Landlock is missing, chroot still keeps a process that was started by root away from the key
 * directory.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "libtx/base/buf.h"
#include "libtx/base/error.h"

enum tx_sandbox_access {
    TX_SANDBOX_READ = 1, /* files and directories, for reading */
    TX_SANDBOX_WRITE =
        2, /* and make, write, rename, remove, truncate regular files; make directories */
    TX_SANDBOX_CONNECT = 4, /* connect to sockets below it (Landlock does not restrict this; chroot
                               is not used when a process has it) */
};

struct tx_sandbox_path {
    int fd; /* a directory (or file) that is open */
    int access;
};

struct tx_sandbox {
    bool change_user;
    uid_t uid;
    gid_t gid;
    size_t n_groups; /* further groups that it keeps when the user changes; usually none */
    const gid_t *groups;
    /* The one directory that a process may reach by name, as its root; -1: an empty, unlinked one.
     * Not used when no_chroot. */
    int chroot_fd;
    bool no_chroot;
    size_t n_paths;
    const struct tx_sandbox_path *paths;
    size_t n_syscalls; /* as SCMP_SYS() gives them; auditd/sandbox/syscalls.h has groups */
    const int *syscalls;
};

struct tx_sandbox_report {
    int landlock_abi; /* 0: missing */
    bool landlock;
    bool chroot;
    bool seccomp;
    bool no_new_privileges;
    bool user_changed;
    bool no_capabilities;
    bool core_dumps_off;
    bool memory_locked;
};

/* The version of Landlock that the kernel has; 0: none. */
int tx_sandbox_landlock_version(void);

/* -errno when a part that the kernel has cannot be put in place; then the process must end. The
 * process has one thread. Descriptors that are open stay usable. */
TX_MUST_USE int tx_sandbox_enter(const struct tx_sandbox *sandbox, struct tx_sandbox_report *ret);

/* The supervisor's own: it keeps six capabilities and its root, and is forbidden what neither it
 * nor a child ever needs. The children that it starts inherit this. */
TX_MUST_USE int tx_sandbox_enter_parent(struct tx_sandbox_report *ret);

/* Appends the report as a JSON object. */
void tx_sandbox_report_render(const struct tx_sandbox_report *report, struct tx_buf *b);

#endif
