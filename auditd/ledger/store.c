/* SPDX-License-Identifier: MIT */
/*
 * The segment's file. Its life: begun (header, tail, synced, directory synced) → appended to and
 * synced → sealed (0440) or given up.
 *
 * After a failed write or sync nothing of that file is believed and it is never synced again: it is
 * closed, and the next file begins at the anchor, the last checkpoint line that was durable, with
 * the tail after it (docs/format.md, "Order of writing"). Where the file that is given up began at
 * that very place, it is set aside, since two cannot have one name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/compress.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define LOG TX_FD_LEDGER_LOG

static int set_aside(const char *name) {
    char aside[96];
    snprintf(aside, sizeof(aside), "%s.torn-%lld", name, (long long)tx_clock_wall());
    return renameat(LOG, name, LOG, aside) < 0 && errno != ENOENT ? -errno : 0;
}

static int write_header(struct tx_ledger *ledger, int fd, uint64_t *ret_n) {
    struct tx_control_header header;
    _cleanup_(tx_bytes_deinit) struct tx_bytes line = TX_BYTES_INIT;
    int r = tx_bytes_reserve(&line, TX_LIMIT_CONTROL_LINE_BYTES);
    if (r < 0)
        return r;
    struct tx_buf b = tx_buf_of(line.data, line.cap);
    tx_tip_to_header(&ledger->anchor,
                     (struct tx_text){(char *)ledger->origin.data, ledger->origin.len}, &header);
    tx_control_render_header(&header, &b);
    tx_buf_char(&b, '\n');
    if (b.full)
        return -EMSGSIZE;
    *ret_n = b.len;
    return tx_fd_write_all(fd, b.data, b.len);
}

static int fill(struct tx_ledger *ledger, int fd, uint64_t *ret_n) {
    int r = write_header(ledger, fd, ret_n);
    if (r == 0)
        r = tx_fd_write_all(fd, ledger->tail.data, ledger->tail.len);
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    if (r == 0 && fsync(LOG) < 0)
        r = -errno;
    *ret_n += ledger->tail.len;
    return r;
}

/* A new segment at the anchor, with the whole tail. */
static int begin_segment(struct tx_ledger *ledger) {
    char name[TX_SEGMENT_NAME_BYTES];
    uint64_t first = ledger->anchor.tree.end, n = 0;

    tx_segment_name(first, ".jsonl", name);
    int r = set_aside(name);
    if (r < 0)
        return r;
    _cleanup_(tx_fd_closep) int fd =
        openat(LOG, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -errno;
    r = fill(ledger, fd, &n);
    if (r < 0) {
        unlinkat(LOG, name, 0);
        return r;
    }
    ledger->segment_fd = tx_fd_steal(&fd);
    ledger->segment_first = first;
    ledger->segment_bytes = n;
    ledger->segment_began = tx_clock_boot();
    ledger->written = ledger->tail.len;
    return 0;
}

static int append_to_segment(struct tx_ledger *ledger) {
    size_t n = ledger->tail.len - ledger->written;
    int r = tx_fd_write_all(ledger->segment_fd, ledger->tail.data + ledger->written, n);
    if (r < 0)
        return r;
    ledger->written += n;
    ledger->segment_bytes += n;
    return fdatasync(ledger->segment_fd) < 0 ? -errno : 0;
}

static void give_up(struct tx_ledger *ledger, int error) {
    tx_log(TX_LOG_ERROR,
           "cannot write the segment that begins with record %llu: %s; it is given up at record "
           "%llu, and nothing after that is acknowledged until a new one takes it",
           (unsigned long long)ledger->segment_first, strerror(-error),
           (unsigned long long)ledger->anchor.tree.end);
    tx_fd_closep(&ledger->segment_fd);
    ledger->written = 0;
    tx_ledger_unseal_tail(ledger);
    ledger->status.n_given_up++;
    if (!ledger->trouble_told)
        ledger->trouble_told = -error;
}

void tx_ledger_close_segment(struct tx_ledger *ledger, bool sealed) {
    if (ledger->segment_fd < 0)
        return;
    if (sealed && fchmod(ledger->segment_fd, 0440) < 0)
        tx_log(TX_LOG_WARNING, "cannot make a sealed segment read-only: %s", strerror(errno));
    tx_fd_closep(&ledger->segment_fd);
    if (!sealed)
        return;
    tx_compress_add(ledger->compress, ledger->segment_first);
    int r = tx_clients_save(ledger->clients, TX_FD_LEDGER_STATE, tx_ledger_size(ledger));
    if (r < 0)
        tx_log(TX_LOG_WARNING, "cannot save the table of clients: %s", strerror(-r));
}

/* The tail is durable. When it ends with a note's line, segments can begin here from now on. */
static int settle(struct tx_ledger *ledger) {
    ledger->durable = ledger->tail.len;
    if (!ledger->note_in_tail)
        return 0;
    int r = tx_tip_copy(&ledger->anchor, &ledger->now);
    if (r < 0)
        return r;
    if (ledger->seal_in_tail)
        tx_ledger_close_segment(ledger, true);
    ledger->note_in_tail = ledger->seal_in_tail = false;
    ledger->tail.len = ledger->written = ledger->durable = 0;
    return 0;
}

static void enter_trouble(struct tx_ledger *ledger, int error) {
    if (ledger->trouble == 0) {
        ledger->trouble_since = tx_clock_boot();
        tx_log(TX_LOG_ERROR,
               "the log's disk is %s (%s): nothing is acknowledged until it takes more",
               error == -ENOSPC || error == -EDQUOT ? "full" : "failing", strerror(-error));
    }
    ledger->trouble = -error;
    if (!ledger->trouble_told)
        ledger->trouble_told = -error;
}

static int leave_trouble(struct tx_ledger *ledger) {
    int error = ledger->trouble_told;
    int64_t waited = ledger->trouble ? tx_clock_boot() - ledger->trouble_since : 0;
    if (ledger->trouble)
        tx_log(TX_LOG_NOTICE, "the log's disk takes records again after %lld ms",
               (long long)(waited / 1000000));
    ledger->trouble = ledger->trouble_told = 0;
    return tx_ledger_record_disk(ledger, error, waited);
}

int tx_ledger_store(struct tx_ledger *ledger) {
    int r = 0;

    if (ledger->segment_fd >= 0) {
        if (ledger->durable == ledger->tail.len)
            return 0;
        r = append_to_segment(ledger);
        if (r < 0)
            give_up(ledger, r);
    }
    if (ledger->segment_fd < 0) {
        r = begin_segment(ledger);
        if (r < 0) {
            enter_trouble(ledger, r);
            return -EAGAIN;
        }
    }
    r = settle(ledger);
    if (r == 0 && ledger->trouble_told) {
        r = leave_trouble(ledger);
        if (r == 0)
            r = tx_ledger_store(ledger); /* once: the trouble is over or has begun anew */
    }
    return r;
}
