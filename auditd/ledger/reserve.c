/* SPDX-License-Identifier: MIT */
/*
 * The file `reserve` in the log's directory: laid out, synced → given up when a write finds no room
 * → laid out anew when there is room again. Nothing is ever read from it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/fd.h"

#define LOG TX_FD_LEDGER_LOG
#define NAME "reserve"
#define BLOCK_BYTES 512u /* of st_blocks */

static bool is_full(int error) {
    return error == -ENOSPC || error == -EDQUOT;
}

/* Of an earlier process: as large as it should be, and with nothing left out. */
static bool is_there(uint64_t bytes) {
    struct stat st;
    return fstatat(LOG, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_size == (off_t)bytes && (uint64_t)st.st_blocks * BLOCK_BYTES >= bytes;
}

static int lay_out(uint64_t bytes) {
    unlinkat(LOG, NAME, 0);
    _cleanup_(tx_fd_closep) int fd =
        openat(LOG, NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int r = -posix_fallocate(fd, 0, (off_t)bytes);
    if (r == 0 && (fsync(fd) < 0 || fsync(LOG) < 0))
        r = -errno;
    if (r < 0)
        unlinkat(LOG, NAME, 0);
    return r;
}

static void tell_none(struct tx_ledger *ledger, const char *why) {
    if (!ledger->space.told_none)
        tx_log(TX_LOG_WARNING,
               "no room is held back for the record of a full disk (log.space.reserve): %s", why);
    ledger->space.told_none = true;
}

void tx_reserve_fill(struct tx_ledger *ledger) {
    struct tx_space *space = &ledger->space;
    uint64_t bytes = ledger->stream->space_reserve;

    if (space->held)
        return;
    if (bytes == 0) {
        if (!space->told_none)
            unlinkat(LOG, NAME, 0); /* of an earlier configuration */
        space->told_none = true;
        return;
    }
    if (!is_there(bytes)) {
        if (space->free_bytes / 2 < bytes) {
            tell_none(ledger, "there is too little");
            return;
        }
        int r = lay_out(bytes);
        if (r < 0) {
            tell_none(ledger, strerror(-r));
            return;
        }
    }
    space->held = true;
    space->spent = space->told_none = false;
}

bool tx_reserve_spend(struct tx_ledger *ledger, int error) {
    struct tx_space *space = &ledger->space;
    if (!is_full(error) || !space->held || unlinkat(LOG, NAME, 0) < 0)
        return false;
    space->held = false;
    space->spent = true;
    space->told_full = false;
    return true;
}

const char *tx_reserve_state(const struct tx_ledger *ledger) {
    if (ledger->stream->space_reserve == 0)
        return "off";
    return ledger->space.held ? "held" : ledger->space.spent ? "spent" : "none";
}
