/* SPDX-License-Identifier: MIT */
#include "auditd/sandbox/sandbox.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auditd/sandbox/parts.h"

static int forbid_dumps(void) {
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

/* Only where no limit can make a later allocation fail; secrets have locked pages of their own. */
static bool lock_memory(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY)
        return false;
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

static int change_root(const struct tx_sandbox *sandbox, bool *ret_done) {
    *ret_done = false;
    if (sandbox->no_chroot || !tx_capability_effective(CAP_SYS_CHROOT))
        return 0;
    int r = sandbox->change_user ? tx_chroot_to(sandbox->chroot_fd, sandbox->uid, sandbox->gid)
                                 : tx_chroot_to(sandbox->chroot_fd, geteuid(), getegid());
    if (r < 0)
        return r;
    *ret_done = true;
    return 0;
}

static int drop_privileges(const struct tx_sandbox *sandbox, struct tx_sandbox_report *report) {
    int r;

    if (sandbox->change_user) {
        r = tx_user_change(sandbox->uid, sandbox->gid, sandbox->n_groups, sandbox->groups);
        if (r < 0)
            return r;
        report->user_changed = true;
    }
    r = tx_capabilities_drop_all();
    if (r < 0)
        return r;
    report->no_capabilities = true;
    r = forbid_dumps(); /* the change of user made it dumpable again */
    if (r < 0)
        return r;
    report->core_dumps_off = true;
    return 0;
}

static int restrict_files(const struct tx_sandbox *sandbox, struct tx_sandbox_report *report) {
    int r = change_root(sandbox, &report->chroot);
    if (r < 0)
        return r;
    r = tx_landlock_restrict(report->landlock_abi, sandbox->paths, sandbox->n_paths,
                             &report->landlock);
    return r < 0 ? r : drop_privileges(sandbox, report);
}

int tx_sandbox_enter(const struct tx_sandbox *sandbox, struct tx_sandbox_report *ret) {
    struct tx_sandbox_report report = {.landlock_abi = tx_sandbox_landlock_version()};
    int parent_death_signal = 0;

    int r = forbid_dumps();
    if (r < 0)
        return r;
    report.memory_locked = lock_memory();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    report.no_new_privileges = true;
    /* A change of user makes the kernel forget the signal that tells of a parent's death. */
    if (prctl(PR_GET_PDEATHSIG, &parent_death_signal) < 0)
        return -errno;
    r = restrict_files(sandbox, &report);
    if (r < 0)
        return r;
    if (prctl(PR_SET_PDEATHSIG, parent_death_signal) < 0)
        return -errno;
    r = tx_seccomp_restrict(sandbox->syscalls, sandbox->n_syscalls, &report.seccomp);
    if (r < 0)
        return r;
    tx_leak_check_off();
    *ret = report;
    return 0;
}

static void render_flag(struct tx_buf *b, const char *name, bool value) {
    tx_buf_str(b, ",\"");
    tx_buf_str(b, name);
    tx_buf_str(b, value ? "\":true" : "\":false");
}

void tx_sandbox_report_render(const struct tx_sandbox_report *report, struct tx_buf *b) {
    tx_buf_str(b, "{\"landlock_version\":");
    tx_buf_dec(b, (uint64_t)report->landlock_abi);
    render_flag(b, "landlock", report->landlock);
    render_flag(b, "chroot", report->chroot);
    render_flag(b, "seccomp", report->seccomp);
    render_flag(b, "no_new_privileges", report->no_new_privileges);
    render_flag(b, "no_capabilities", report->no_capabilities);
    render_flag(b, "user_changed", report->user_changed);
    render_flag(b, "core_dumps_off", report->core_dumps_off);
    render_flag(b, "memory_locked", report->memory_locked);
    tx_buf_char(b, '}');
}
