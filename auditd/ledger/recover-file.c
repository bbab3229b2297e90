/* SPDX-License-Identifier: MIT */
/*
 * Going on with the last segment's file. What follows its last whole line is moved into a file of
 * its own. A file that is given up is left as it is: its tail stands again in the next one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/recovery.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define LOG TX_FD_LEDGER_LOG
#define PIECE_BYTES 65536

static void name_torn(const char *name, char *ret, size_t n) {
    snprintf(ret, n, "%s.torn-%lld", name, (long long)tx_clock_wall());
}

/* Bytes after the last whole line, without the zeros at the end, which are only space. */
static int measure_torn(const struct tx_recovery *r, int fd, uint64_t *ret_used,
                        uint64_t *ret_all) {
    uint8_t piece[PIECE_BYTES];
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    *ret_used = 0;
    *ret_all = (uint64_t)st.st_size - r->end_offset;
    for (uint64_t at = 0; at < *ret_all;) {
        size_t n;
        int e = tx_fd_pread_full(fd, piece, sizeof(piece), (off_t)(r->end_offset + at), &n);
        if (e < 0)
            return e;
        if (n == 0)
            break;
        for (size_t i = n; i > 0; i--)
            if (piece[i - 1] != 0) {
                *ret_used = at + i;
                break;
            }
        at += n;
    }
    return 0;
}

static int copy_out(const struct tx_recovery *r, int from, const char *name, uint64_t n) {
    uint8_t piece[PIECE_BYTES];
    _cleanup_(tx_fd_closep) int to =
        openat(LOG, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0440);
    if (to < 0)
        return -errno;
    for (uint64_t at = 0; at < n;) {
        size_t want = n - at < sizeof(piece) ? (size_t)(n - at) : sizeof(piece), got;
        int e = tx_fd_pread_full(from, piece, want, (off_t)(r->end_offset + at), &got);
        if (e == 0 && got != want)
            e = -EIO;
        if (e == 0)
            e = tx_fd_write_all(to, piece, got);
        if (e < 0)
            return e;
        at += got;
    }
    return fsync(to) < 0 || fsync(LOG) < 0 ? -errno : 0;
}

static int move_torn(struct tx_recovery *r, int fd, const char *name, uint64_t used) {
    char aside[96];
    if (used > 0) {
        name_torn(name, aside, sizeof(aside));
        int e = copy_out(r, fd, aside, used);
        if (e < 0) {
            unlinkat(LOG, aside, 0);
            return e;
        }
        tx_log(TX_LOG_WARNING, "%llu bytes after the last whole line were moved to %s",
               (unsigned long long)used, aside);
    }
    return ftruncate(fd, (off_t)r->end_offset) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* How long ago the segment began: by its first record that has the ledger's or a client's time. */
static void guess_age(struct tx_ledger *ledger, uint64_t first) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
    struct tx_text line;
    int64_t time, now = tx_clock_wall();

    ledger->segment_began = tx_clock_boot();
    if (tx_lines_open(LOG, first, &lines) < 0)
        return;
    for (int i = 0; i < 16 && tx_lines_next(lines, &line) == 0; i++) {
        const char *at = memmem(line.p, line.n, "\"time\":\"", 8);
        if (!at || line.p + line.n - at < 8 + 30)
            continue;
        if (tx_time_decode((struct tx_text){at + 8, 30}, &time) == 0 && time < now)
            ledger->segment_began -= now - time;
        return;
    }
}

/* What stands after the last checkpoint line is the tail again. How much of it is on disk only the
 * kernel knows: none of it counts as durable. */
static int read_tail(struct tx_recovery *r, int fd) {
    struct tx_ledger *ledger = r->ledger;
    size_t n = (size_t)(r->end_offset - r->anchor_offset);
    int e = tx_bytes_reserve(&ledger->tail, n);
    if (e == 0)
        e = tx_fd_pread_full(fd, ledger->tail.data, n, (off_t)r->anchor_offset, &n);
    ledger->tail.len = e == 0 ? n : 0;
    return e;
}

/* It was not known to be on disk, and the next segment does not begin after it. */
static int cut_seal(const struct tx_recovery *r, const char *name) {
    if (fchmodat(LOG, name, 0640, 0) < 0)
        return -errno;
    _cleanup_(tx_fd_closep) int fd = openat(LOG, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)r->note_offset) < 0 || fsync(fd) < 0 ||
        fchmod(fd, 0440 | TX_SEGMENT_GIVEN_UP) < 0)
        return -errno;
    return 0;
}

/* The next segment takes the tail. When the file ends with a note's line, that may be the very line
 * that did not reach the disk: it stands again, too. */
static int give_up(struct tx_recovery *r, int fd, const char *name) {
    struct tx_ledger *ledger = r->ledger;
    bool ends_with_note = r->end_offset == r->anchor_offset && r->note_offset > 0;

    if (ends_with_note) {
        r->anchor_offset = r->older_offset;
        int e = tx_tip_copy(&ledger->anchor, &r->older);
        if (e < 0)
            return e;
    }
    int e = read_tail(r, fd);
    if (e < 0)
        return e;
    if (ends_with_note) {
        ledger->note_in_tail = true;
        ledger->seal_in_tail = r->sealed;
        ledger->note_start = (size_t)(r->note_offset - r->anchor_offset);
        tx_ledger_unseal_tail(ledger);
    }
    ledger->status.n_given_up++;
    return r->sealed ? cut_seal(r, name) : 0;
}

/* Appending to it goes on. -errno: it cannot be written now. */
static int append_to(struct tx_recovery *r, const char *name, uint64_t used, uint64_t all) {
    struct tx_ledger *ledger = r->ledger;
    _cleanup_(tx_fd_closep) int fd = openat(LOG, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    _cleanup_(tx_fd_closep) int layer = openat(LOG, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    int e = used > 0 ? move_torn(r, fd, name, used) : 0;
    if (e == 0)
        e = read_tail(r, fd);
    if (e < 0)
        return e;
    ledger->written = ledger->tail.len;
    ledger->segment_fd = tx_fd_steal(&fd);
    ledger->layer_fd = tx_fd_steal(&layer);
    ledger->segment_first = r->first;
    ledger->segment_bytes = r->end_offset;
    ledger->laid_out = r->end_offset + (used > 0 ? 0 : all);
    ledger->resume_bytes = r->anchor_offset;
    guess_age(ledger, r->first);
    return 0;
}

/* Its seal is on disk; what comes after that was not done. */
static void close_sealed(const struct tx_recovery *r, const char *name) {
    uint64_t used, all;
    _cleanup_(tx_fd_closep) int fd = openat(LOG, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int e = fd < 0 ? -errno : measure_torn(r, fd, &used, &all);
    if (e == 0 && used == 0 && all > 0 && ftruncate(fd, (off_t)r->end_offset) < 0)
        e = -errno;
    if (e == 0 && fchmod(fd, 0440) < 0)
        e = -errno;
    if (e < 0)
        tx_log(TX_LOG_WARNING, "cannot cut %s to its lines and make it read-only: %s", name,
               strerror(-e));
}

int tx_recovery_reopen(struct tx_recovery *r) {
    char name[TX_SEGMENT_NAME_BYTES];
    struct stat st;
    uint64_t used, all;

    tx_segment_name(r->first, ".jsonl", name);
    _cleanup_(tx_fd_closep) int fd = openat(LOG, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT && r->last == TX_LAST_SEALED ? 0 : -errno; /* it is compressed */
    if (fstat(fd, &st) < 0)
        return -errno;
    bool given_up = st.st_mode & TX_SEGMENT_GIVEN_UP;
    if (r->last == TX_LAST_SEALED && !given_up) {
        if ((st.st_mode & 0777) != 0440)
            close_sealed(r, name);
        return 0;
    }
    int e = measure_torn(r, fd, &used, &all);
    if (e < 0)
        return e;
    r->ledger->torn_bytes += used;
    if (!given_up) {
        e = append_to(r, name, used, all);
        if (e >= 0 || e == -ENOMEM)
            return e;
        tx_log(TX_LOG_ERROR, "cannot go on with %s: %s; it is given up", name, strerror(-e));
    }
    return give_up(r, fd, name);
}

int tx_recovery_set_aside(struct tx_recovery *r, uint64_t first) {
    char name[TX_SEGMENT_NAME_BYTES], aside[96];
    struct stat st;

    tx_segment_name(first, ".jsonl", name);
    if (fstatat(LOG, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    name_torn(name, aside, sizeof(aside));
    if (st.st_size == 0 ? unlinkat(LOG, name, 0) < 0 : renameat(LOG, name, LOG, aside) < 0)
        return -errno;
    r->ledger->torn_bytes += (uint64_t)st.st_size;
    return fsync(LOG) < 0 ? -errno : 0;
}
