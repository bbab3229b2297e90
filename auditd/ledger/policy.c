/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

/* The name is the hash of the bytes, so whoever sends them can only add what is named rightly. */
static int write_policy(struct tx_ledger *ledger, struct tx_text text) {
    char name[TX_HASH_BYTES * 2 + sizeof(".yaml")];
    struct tx_buf b = tx_buf_of(name, sizeof(name));
    struct tx_digest digest;
    struct stat st;

    tx_hash(ledger->hasher, text.p, text.n, NULL, 0, NULL, 0, &digest);
    tx_buf_hex(&b, digest.bytes, sizeof(digest.bytes));
    tx_buf_put(&b, ".yaml", sizeof(".yaml"));

    if (mkdirat(TX_FD_LEDGER_LOG, "policies", 0750) < 0 && errno != EEXIST)
        return -errno;
    _cleanup_(tx_fd_closep) int dir =
        openat(TX_FD_LEDGER_LOG, "policies", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0)
        return -errno;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (uint64_t)st.st_size == text.n)
        return 0;
    return tx_file_replace_at(dir, name, text.p, text.n, 0440);
}

static bool may_pass(int r) {
    return r == -ENOSPC || r == -EDQUOT || r == -EIO;
}

int tx_ledger_keep_policy(struct tx_ledger *ledger, struct tx_text text) {
    int r = write_policy(ledger, text);
    if (r == 0)
        return 0;
    tx_log(TX_LOG_ERROR, "cannot write a policy's text: %s", strerror(-r));
    if (!may_pass(r)) /* a record names its policy by its hash; the text can be rendered again */
        return 0;
    r = tx_bytes_append(&ledger->policy, text.p, text.n);
    return r < 0 ? r : tx_ledger_pump(ledger);
}

int tx_ledger_write_policy(struct tx_ledger *ledger) {
    int r = write_policy(ledger, (struct tx_text){(char *)ledger->policy.data, ledger->policy.len});
    if (may_pass(r))
        return -EAGAIN;
    tx_bytes_deinit(&ledger->policy);
    return 0;
}
