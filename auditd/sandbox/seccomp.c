/* SPDX-License-Identifier: MIT */
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "auditd/sandbox/parts.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* malloc names its memory */
#endif

static void filter_release(scmp_filter_ctx *filter) {
    if (*filter)
        seccomp_release(*filter);
}

static bool kernel_has_it(void) {
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int allow_without_exec(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int allow_thread(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

/* Its flags lie in memory where no filter sees them; libc falls back to clone. */
static int refuse_clone3(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
}

static int allow_self(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
}

static int allow_naming(scmp_filter_ctx filter, int call) {
    static const scmp_datum_t options[] = {PR_SET_VMA, PR_SET_NAME, PR_GET_NAME};
    for (size_t i = 0; i < TX_COUNT_OF(options); i++) {
        int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, options[i]));
        if (r < 0)
            return r;
    }
    return 0;
}

/* Standard I/O asks whether it writes to a terminal; nothing here is one. */
static int refuse_ioctl(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), call, 0);
}

static const struct {
    int call;
    int (*add)(scmp_filter_ctx filter, int call);
} conditions[] = {
    {SCMP_SYS(mmap), allow_without_exec}, {SCMP_SYS(mprotect), allow_without_exec},
    {SCMP_SYS(clone), allow_thread},      {SCMP_SYS(clone3), refuse_clone3},
    {SCMP_SYS(tgkill), allow_self},       {SCMP_SYS(prctl), allow_naming},
    {SCMP_SYS(ioctl), refuse_ioctl},
};

static int allow(scmp_filter_ctx filter, int call) {
    for (size_t i = 0; i < TX_COUNT_OF(conditions); i++)
        if (conditions[i].call == call)
            return conditions[i].add(filter, call);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

static int forbid(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0);
}

static int load(uint32_t otherwise, int (*add)(scmp_filter_ctx filter, int call),
                const int *syscalls, size_t n_syscalls, bool *ret_enforced) {
    if (!kernel_has_it()) {
        *ret_enforced = false;
        return 0;
    }
    _cleanup_(filter_release) scmp_filter_ctx filter = seccomp_init(otherwise);
    if (!filter)
        return -ENOMEM;
    int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n_syscalls; i++) {
        r = add(filter, syscalls[i]);
        if (r < 0)
            return r;
    }
    r = seccomp_load(filter);
    if (r < 0)
        return r;
    *ret_enforced = true;
    return 0;
}

int tx_seccomp_restrict(const int *syscalls, size_t n_syscalls, bool *ret_enforced) {
    return load(SCMP_ACT_KILL_PROCESS, allow, syscalls, n_syscalls, ret_enforced);
}

int tx_seccomp_forbid(const int *syscalls, size_t n_syscalls, bool *ret_enforced) {
    return load(SCMP_ACT_ALLOW, forbid, syscalls, n_syscalls, ret_enforced);
}
