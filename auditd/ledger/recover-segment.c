/* SPDX-License-Identifier: MIT */
/* The file of the last segment: read, rid of what is torn, and opened to go on with. */
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
#include "libtx/segment/lines.h"

#define LOG TX_FD_LEDGER_LOG

static int take_header(struct tx_recovery *r, uint64_t first, struct tx_text line) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_buf scratch = tx_buf_of(r->scratch.data, r->scratch.cap);
    struct tx_control_header *header = calloc(1, sizeof(*header));
    if (!header)
        return -ENOMEM;
    int e = tx_control_parse_header(ledger->hasher, line, &scratch, header);
    struct tx_text origin = {(char *)ledger->origin.data, ledger->origin.len};
    if (e == 0 && (header->first != first || !tx_text_equal(header->origin, origin)))
        e = tx_recovery_refuse(
            r, "The last segment does not belong to this log: its header says otherwise.");
    else if (e == 0 && header->first > tx_recovery_signed(r))
        e = tx_recovery_refuse(
            r,
            "The signer's state ends at record %llu, before the last segment begins: the "
            "key directory is older than the log.",
            (unsigned long long)tx_recovery_signed(r));
    else if (e < 0 && e != -ENOMEM)
        e = TX_RECOVERY_E_TORN;
    if (e == 0)
        e = tx_tip_from_header(&ledger->now, header);
    if (e == 0)
        e = tx_tip_copy(&ledger->anchor, &ledger->now);
    free(header);
    return e == 0 ? tx_recovery_compare(r) : e;
}

static int read_lines(struct tx_recovery *r, struct tx_lines *lines, uint64_t first) {
    struct tx_text line;
    int e = tx_lines_next(lines, &line);

    e = e == 0 ? take_header(r, first, line) : e > 0 ? TX_RECOVERY_E_TORN : e;
    if (e != 0)
        return e;
    r->anchor_offset = r->end_offset = tx_lines_offset(lines);
    for (;;) {
        e = tx_lines_next(lines, &line);
        if (e != 0)
            return e < 0 ? e : 0; /* the end, or a line that is too long to be one */
        bool is_note = tx_line_kind(line) != TX_LINE_RECORD;
        e = tx_recovery_take_line(r, line);
        if (e != 0)
            return e == TX_RECOVERY_E_TORN ? 0 : e;
        r->end_offset = tx_lines_offset(lines);
        if (is_note)
            r->anchor_offset = r->end_offset;
    }
}

/* What follows the last whole line goes into a file of its own; a run of zero bytes is only space.
 */
static int move_torn(struct tx_recovery *r, int fd, const char *name) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes torn = TX_BYTES_INIT;
    char aside[96];
    struct stat st;
    size_t n, used;

    if (fstat(fd, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_size == r->end_offset)
        return 0;
    n = (size_t)((uint64_t)st.st_size - r->end_offset);
    int e = tx_bytes_reserve(&torn, n);
    if (e == 0)
        e = tx_fd_pread_full(fd, torn.data, n, (off_t)r->end_offset, &n);
    if (e < 0)
        return e;
    for (used = n; used > 0 && torn.data[used - 1] == 0; used--)
        ;
    if (used > 0) {
        snprintf(aside, sizeof(aside), "%s.torn-%lld", name, (long long)tx_clock_wall());
        _cleanup_(tx_fd_closep) int to =
            openat(LOG, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0440);
        if (to < 0)
            return -errno;
        e = tx_fd_write_all(to, torn.data, used);
        if (e < 0)
            return e;
        if (fsync(to) < 0 || fsync(LOG) < 0)
            return -errno;
        r->ledger->torn_bytes += used;
        tx_log(TX_LOG_WARNING, "%zu bytes after the last whole line were moved to %s", used, aside);
    }
    return ftruncate(fd, (off_t)r->end_offset) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Goes on with the segment: what stands after its last checkpoint line is the tail again. */
static int reopen(struct tx_recovery *r, uint64_t first) {
    struct tx_ledger *ledger = r->ledger;
    char name[TX_SEGMENT_NAME_BYTES];
    size_t n = (size_t)(r->end_offset - r->anchor_offset);

    tx_segment_name(first, ".jsonl", name);
    _cleanup_(tx_fd_closep) int fd = openat(LOG, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    int e = move_torn(r, fd, name);
    if (e == 0)
        e = tx_bytes_reserve(&ledger->tail, n);
    if (e == 0)
        e = tx_fd_pread_full(fd, ledger->tail.data, n, (off_t)r->anchor_offset, &n);
    if (e < 0)
        return e;
    ledger->tail.len = ledger->written = n;
    ledger->durable =
        0; /* of what another process wrote, only the kernel knows how much is on disk */
    ledger->segment_fd = tx_fd_steal(&fd);
    ledger->segment_first = first;
    ledger->segment_bytes = r->end_offset;
    return 0;
}

/* A header that was cut by a crash: the file is set aside and begun anew. */
static int set_header_aside(struct tx_recovery *r, uint64_t first) {
    char name[TX_SEGMENT_NAME_BYTES], aside[96];
    struct stat st;

    tx_segment_name(first, ".jsonl", name);
    if (fstatat(LOG, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    snprintf(aside, sizeof(aside), "%s.torn-%lld", name, (long long)tx_clock_wall());
    if (st.st_size == 0 ? unlinkat(LOG, name, 0) < 0 : renameat(LOG, name, LOG, aside) < 0)
        return -errno;
    r->ledger->torn_bytes += (uint64_t)st.st_size;
    return fsync(LOG) < 0 ? -errno : 0;
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

int tx_recovery_read_last(struct tx_recovery *r, const uint64_t *firsts, size_t n, bool *ret_any) {
    for (; n > 0; n--) {
        _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
        int e = tx_lines_open(LOG, firsts[n - 1], &lines);
        if (e < 0)
            return e;
        e = read_lines(r, lines, firsts[n - 1]);
        if (e == TX_RECOVERY_E_TORN) {
            e = set_header_aside(r, firsts[n - 1]);
            if (e < 0)
                return e;
            continue;
        }
        if (e != 0)
            return e;
        *ret_any = true;
        if (r->sealed)
            return 0;
        if (tx_lines_compressed(lines))
            return tx_recovery_refuse(r, "The last segment is compressed and has no seal.");
        e = reopen(r, firsts[n - 1]);
        if (e == 0)
            guess_age(r->ledger, firsts[n - 1]);
        return e;
    }
    *ret_any = false;
    return 0;
}
