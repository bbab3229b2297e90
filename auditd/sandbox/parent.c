/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's wall. Its children inherit it, and they are loaded as programs and put up their
 * own, so here only what none of them ever needs is forbidden.
 */
#include <linux/capability.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "auditd/sandbox/parts.h"

/* SYS_PTRACE: /proc/<pid>/exe of others' processes. SETUID, SETGID, SYS_CHROOT: children take these
 * with them and drop them. KILL: children of another user. NET_ADMIN: large socket buffers. */
#define CAPABILITY(name) (UINT64_C(1) << (name))
static const uint64_t kept = CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_SETUID) |
                             CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_SYS_CHROOT) |
                             CAPABILITY(CAP_KILL) | CAPABILITY(CAP_NET_ADMIN);

static const int forbidden[] = {
    SCMP_SYS(acct),
    SCMP_SYS(add_key),
    SCMP_SYS(adjtimex),
    SCMP_SYS(bpf),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(clock_settime),
    SCMP_SYS(delete_module),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(finit_module),
    SCMP_SYS(fsmount),
    SCMP_SYS(fsopen),
    SCMP_SYS(init_module),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(ioperm),
    SCMP_SYS(iopl),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(kexec_load),
    SCMP_SYS(keyctl),
    SCMP_SYS(mount),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(open_tree),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(personality),
    SCMP_SYS(pivot_root),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(ptrace),
    SCMP_SYS(quotactl),
    SCMP_SYS(reboot),
    SCMP_SYS(request_key),
    SCMP_SYS(setdomainname),
    SCMP_SYS(sethostname),
    SCMP_SYS(setns),
    SCMP_SYS(settimeofday),
    SCMP_SYS(swapoff),
    SCMP_SYS(swapon),
    SCMP_SYS(syslog),
    SCMP_SYS(umount2),
    SCMP_SYS(unshare),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(vhangup),
};

int tx_sandbox_enter_parent(struct tx_sandbox_report *ret) {
    struct tx_sandbox_report report = {.landlock_abi = tx_sandbox_landlock_version()};
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        return -errno;
    report.core_dumps_off = true;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    report.no_new_privileges = true;
    int r = tx_capabilities_keep(kept);
    if (r < 0)
        return r;
    r = tx_seccomp_forbid(forbidden, TX_COUNT_OF(forbidden), &report.seccomp);
    if (r < 0)
        return r;
    tx_leak_check_off();
    *ret = report;
    return 0;
}
