/* SPDX-License-Identifier: MIT */
/*
 * The segment's file. Its life: begun under another name (header, tail, synced), then named and the
 * directory synced → appended to and synced → sealed (0440) or given up. Zeros may be laid out
 * behind its lines (background.c); a seal and a clean stop cut them off.
 *
 * After a failed write or sync nothing of that file is believed and it is never synced again: it is
 * marked and closed, and the next file begins at the anchor, the last checkpoint line that was
 * durable, with the tail after it (docs/format.md, "Order of writing"). Where the file that is
 * given up began at that very place, two cannot have one name: the old one keeps it until the new
 * one is on disk, and then has another.
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
#define NEW_NAME "segment.new"
#define SMALL_BYTES 4096u
#define RECORD_BYTES 2048u

/* A second name for a file whose own is taken over, usually there is none. Our own, whose name did
 * not become durable, needs none. */
static int keep_replaced(const struct tx_ledger *ledger, const char *name) {
    char aside[96];
    snprintf(aside, sizeof(aside), "%s.torn-%lld", name, (long long)tx_clock_wall());
    if (ledger->name_taken || linkat(LOG, name, LOG, aside, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EPERM && errno != EOPNOTSUPP)
        return -errno;
    /* No hard links here: for a moment neither has the name. */
    return renameat(LOG, name, LOG, aside) < 0 ? -errno : 0;
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
    return tx_fd_pwrite_all(fd, b.data, b.len, 0);
}

static int fill(struct tx_ledger *ledger, int fd, uint64_t *ret_n) {
    int r = write_header(ledger, fd, ret_n);
    if (r == 0)
        r = tx_fd_pwrite_all(fd, ledger->tail.data, ledger->tail.len, (off_t)*ret_n);
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    *ret_n += ledger->tail.len;
    return r;
}

static int take_name(struct tx_ledger *ledger, const char *name) {
    int r = keep_replaced(ledger, name);
    if (r < 0)
        return r;
    if (renameat(LOG, NEW_NAME, LOG, name) < 0)
        return -errno;
    ledger->name_taken = true;
    return fsync(LOG) < 0 ? -errno : 0;
}

/* A new segment at the anchor, with the whole tail. */
static int begin_segment(struct tx_ledger *ledger) {
    char name[TX_SEGMENT_NAME_BYTES];
    uint64_t first = ledger->anchor.tree.end, n = 0;

    tx_segment_name(first, ".jsonl", name);
    unlinkat(LOG, NEW_NAME, 0); /* what a crash or a failure left */
    _cleanup_(tx_fd_closep) int fd =
        openat(LOG, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -errno;
    _cleanup_(tx_fd_closep) int layer = openat(LOG, NEW_NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    int r = fill(ledger, fd, &n);
    if (r == 0)
        r = take_name(ledger, name);
    if (r < 0) {
        unlinkat(LOG, NEW_NAME, 0); /* so that it takes no room while the disk is full */
        return r;
    }
    ledger->name_taken = false;
    ledger->segment_fd = tx_fd_steal(&fd);
    ledger->layer_fd = tx_fd_steal(&layer);
    ledger->segment_first = first;
    ledger->segment_bytes = ledger->laid_out = n;
    ledger->resume_bytes = 0;
    ledger->segment_began = tx_clock_boot();
    ledger->written = ledger->tail.len;
    return 0;
}

/* Next to nothing, or records that are waited for: each of them is worth a quick sync. Of what is
 * sent without waiting every byte would be written twice. */
static bool is_worth_zeros(const struct tx_ledger *ledger, size_t n) {
    size_t n_receipts = ledger->receipts.len / sizeof(struct tx_ledger_receipt);
    return n <= SMALL_BYTES || n <= n_receipts * RECORD_BYTES;
}

static int append_to_segment(struct tx_ledger *ledger) {
    struct tx_writer_job job = {.fd = ledger->segment_fd,
                                .p = ledger->tail.data + ledger->written,
                                .n = ledger->tail.len - ledger->written,
                                .offset = (off_t)ledger->segment_bytes};
    int64_t took_ns;

    ledger->taken_begun = ledger->taken;
    int r = tx_ledger_await_room(ledger, job.n);
    if (r == 0)
        r = tx_writer_do(&job, &took_ns);
    if (r < 0)
        return r;
    if (ledger->laying_to == 0) /* else it has waited for zeros */
        tx_pace_synced(&ledger->pace, job.n, took_ns);
    ledger->written += job.n;
    ledger->segment_bytes += job.n;
    ledger->n_small_batches = is_worth_zeros(ledger, job.n) ? ledger->n_small_batches + 1 : 0;
    return 0;
}

/* A segment without a seal is one that may have been given up; a seal that is there and not on disk
 * would deny it. Nothing that was acknowledged is behind it. */
static void cut_seal(struct tx_ledger *ledger) {
    uint64_t begin = ledger->segment_bytes - ledger->written + ledger->note_start;
    if (ledger->seal_in_tail && ftruncate(ledger->segment_fd, (off_t)begin) < 0)
        tx_log(TX_LOG_ERROR, "cannot cut the seal off again: %s", strerror(errno));
}

static void close_files(struct tx_ledger *ledger) {
    tx_fd_closep(&ledger->layer_fd);
    tx_fd_closep(&ledger->segment_fd);
}

void tx_ledger_give_up(struct tx_ledger *ledger, int error) {
    int r = tx_ledger_await_writer(ledger);
    tx_log(TX_LOG_ERROR,
           "cannot write the segment that begins with record %llu: %s; it is given up at record "
           "%llu, and nothing after that is acknowledged until a new one takes it",
           (unsigned long long)ledger->segment_first, strerror(r < 0 ? -r : -error),
           (unsigned long long)ledger->anchor.tree.end);
    cut_seal(ledger);
    if (fchmod(ledger->segment_fd, 0440 | TX_SEGMENT_GIVEN_UP) < 0)
        tx_log(TX_LOG_WARNING, "cannot mark that segment: %s", strerror(errno));
    close_files(ledger);
    ledger->written = ledger->durable = 0;
    tx_ledger_unseal_tail(ledger);
    ledger->status.n_given_up++;
    if (!ledger->trouble_told)
        ledger->trouble_told = -error;
    tx_space_failed(ledger, error);
}

void tx_ledger_close_segment(struct tx_ledger *ledger, bool sealed) {
    if (ledger->segment_fd < 0)
        return;
    if (tx_ledger_await_writer(ledger) == 0)
        tx_ledger_cut_zeros(ledger);
    if (sealed && fchmod(ledger->segment_fd, 0440) < 0)
        tx_log(TX_LOG_WARNING, "cannot make a sealed segment read-only: %s", strerror(errno));
    close_files(ledger);
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
    ledger->tickets_durable = ledger->tickets;
    ledger->taken_durable = ledger->taken;
    if (!ledger->note_in_tail)
        return 0;
    int r = tx_tip_copy(&ledger->anchor, &ledger->now);
    if (r < 0)
        return r;
    if (ledger->seal_in_tail)
        tx_ledger_close_segment(ledger, true);
    ledger->note_in_tail = ledger->seal_in_tail = false;
    ledger->tail.len = ledger->written = ledger->durable = 0;
    if (ledger->segment_fd >= 0)
        tx_resume_save_now_and_then(ledger);
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
    tx_space_failed(ledger, error);
}

void tx_ledger_leave_trouble(struct tx_ledger *ledger) {
    if (!ledger->trouble || ledger->space.spent)
        return;
    ledger->trouble = 0;
    ledger->trouble_ns = tx_clock_boot() - ledger->trouble_since;
    tx_log(TX_LOG_NOTICE, "the log's disk takes records again after %lld ms",
           (long long)(ledger->trouble_ns / 1000000));
}

int tx_ledger_store(struct tx_ledger *ledger) {
    int r = ledger->n_writing > 0 ? tx_ledger_await_writer(ledger) : 0;

    if (r < 0)
        tx_ledger_give_up(ledger, r);
    if (ledger->segment_fd >= 0) {
        if (ledger->durable == ledger->tail.len)
            return 0;
        r = append_to_segment(ledger);
        if (r < 0)
            tx_ledger_give_up(ledger, r);
    }
    if (ledger->segment_fd < 0) {
        r = begin_segment(ledger);
        if (r < 0 && tx_reserve_spend(ledger, r)) {
            enter_trouble(ledger, r);
            r = begin_segment(ledger);
        }
        if (r < 0) {
            enter_trouble(ledger, r);
            return -EAGAIN;
        }
    }
    tx_ledger_leave_trouble(ledger);
    r = settle(ledger);
    tx_ledger_lay_out(ledger);
    return r;
}
