/* SPDX-License-Identifier: MIT */
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "auditd/sandbox/parts.h"

struct sets {
    uint64_t effective, permitted, inheritable;
};

static int sets_get(struct sets *ret) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};

    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
    ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return 0;
}

static int sets_put(const struct sets *sets) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    for (int i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct){
            .effective = (uint32_t)(sets->effective >> (32 * i)),
            .permitted = (uint32_t)(sets->permitted >> (32 * i)),
            .inheritable = (uint32_t)(sets->inheritable >> (32 * i))};
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

bool tx_capability_effective(int capability) {
    struct sets sets = {0};
    return sets_get(&sets) == 0 && (sets.effective >> capability & 1);
}

/* Needs CAP_SETPCAP; without it, no_new_privs alone keeps an exec from adding any. */
static void bounding_drop(uint64_t kept) {
    for (int c = 0; c < 64; c++)
        if (!(kept >> c & 1) && prctl(PR_CAPBSET_READ, c) == 1)
            prctl(PR_CAPBSET_DROP, c);
}

int tx_capabilities_keep(uint64_t kept) {
    struct sets sets = {0};
    int r = sets_get(&sets);
    if (r < 0)
        return r;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    bounding_drop(kept);
    sets = (struct sets){.effective = sets.permitted & kept, .permitted = sets.permitted & kept};
    return sets_put(&sets);
}

int tx_capabilities_drop_all(void) {
    struct sets sets = {0};

    /* Uid 0 would get everything back by an exec; fails without CAP_SETPCAP, as said above. */
    prctl(PR_SET_SECUREBITS,
          SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
              SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
          0, 0, 0);
    int r = tx_capabilities_keep(0);
    if (r < 0)
        return r;
    r = sets_get(&sets);
    if (r < 0)
        return r;
    return sets.effective || sets.permitted || sets.inheritable ? -EPERM : 0;
}

int tx_user_change(uid_t uid, gid_t gid, size_t n_groups, const gid_t *groups) {
    uid_t ruid, euid, suid;

    if (setgroups(n_groups, groups) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0)
        return -errno;
    if (getresuid(&ruid, &euid, &suid) < 0)
        return -errno;
    return ruid == uid && euid == uid && suid == uid ? 0 : -EPERM;
}
