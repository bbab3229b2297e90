/* SPDX-License-Identifier: MIT */
#ifndef TX_SANDBOX_PARTS_H
#define TX_SANDBOX_PARTS_H

/*
 * The parts of the wall, for sandbox.c, which puts them up in order. Each returns 0 and tells
 * whether it is in force: false means that the kernel or our privileges do not give it.
 */

#include "auditd/sandbox/sandbox.h"

/* Version 0 leaves *ret_enforced false. */
TX_MUST_USE int tx_landlock_restrict(int version, const struct tx_sandbox_path *paths,
                                     size_t n_paths, bool *ret_enforced);

TX_MUST_USE int tx_seccomp_restrict(const int *syscalls, size_t n_syscalls, bool *ret_enforced);

/* Kills the process for these calls alone. */
TX_MUST_USE int tx_seccomp_forbid(const int *syscalls, size_t n_syscalls, bool *ret_enforced);

TX_MUST_USE int tx_user_change(uid_t uid, gid_t gid, size_t n_groups, const gid_t *groups);

/* Empties every set, also for what an exec could give back to uid 0. */
TX_MUST_USE int tx_capabilities_drop_all(void);

/* Keeps those of `kept` (a mask of 1 << CAP_…) that we have; nothing else can come back. */
TX_MUST_USE int tx_capabilities_keep(uint64_t kept);
bool tx_capability_effective(int capability);

/* The directory that is open as fd, and that `uid` may enter, becomes the root; -1: an empty one
 * that no longer has a name. */
TX_MUST_USE int tx_chroot_to(int fd, uid_t uid, gid_t gid);

/* leak-check.c in builds with AddressSanitizer; nothing otherwise. */
void tx_leak_check_off(void);

#endif
