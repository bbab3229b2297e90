/* SPDX-License-Identifier: MIT */
/*
 * What the writer's thread is given, and what comes of it.
 *
 * A batch: `tail` from `written` on, as it is now. Until it is done, lines are only appended behind
 * it and the tail does not move; whatever else is due waits for it. A small one is written by the
 * ledger itself, since waking a thread takes longer than what could be done meanwhile.
 *
 * Zeros: behind the lines, so that a sync of small batches need not write the file's new size too.
 * They go through a descriptor that was opened for them, since the kernel tells of a failed sync
 * once for each. They never come to stand where a batch is being written: batches that would reach
 * them wait. Large batches are worth a new size, and would write every byte twice.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/fd.h"

#define LARGE_BATCH_BYTES (128u * 1024u)
#define ZEROS_BYTES (1024u * 1024u)
#define PAGE_BYTES 4096u
/* Where large batches are written, the rest before a checkpoint is a small one, and its line. */
#define SMALL_BATCHES 8
/* The last room of a disk is for records. */
#define KEEP_FREE_BYTES (8u * ZEROS_BYTES)

static void begin_batch(struct tx_ledger *ledger) {
    struct tx_writer_job job = {.fd = ledger->segment_fd,
                                .p = ledger->tail.data + ledger->written,
                                .n = ledger->tail.len - ledger->written,
                                .offset = (off_t)ledger->segment_bytes};
    ledger->n_writing = job.n;
    ledger->n_small_batches = 0;
    ledger->tickets_writing = ledger->tickets;
    ledger->taken_writing = ledger->taken_begun = ledger->taken;
    tx_writer_begin(ledger->writer, &job);
}

bool tx_ledger_store_in_background(struct tx_ledger *ledger) {
    if (ledger->n_writing > 0) {
        ledger->store_again = true;
        return true;
    }
    if (!ledger->writer || ledger->laying_to > 0 || ledger->segment_fd < 0 ||
        ledger->tail.len - ledger->written < LARGE_BATCH_BYTES)
        return false;
    begin_batch(ledger);
    return true;
}

static int end_batch(struct tx_ledger *ledger, int result) {
    size_t n = ledger->n_writing;

    ledger->n_writing = 0;
    if (result < 0)
        return result;
    ledger->written += n;
    ledger->segment_bytes += n;
    ledger->durable = ledger->written;
    ledger->tickets_durable = ledger->tickets_writing;
    ledger->taken_durable = ledger->taken_writing;
    tx_pace_synced(&ledger->pace, n, tx_writer_took(ledger->writer));
    return 0;
}

void tx_ledger_cut_zeros(struct tx_ledger *ledger) {
    if (ftruncate(ledger->segment_fd, (off_t)ledger->segment_bytes) < 0)
        tx_log(TX_LOG_WARNING, "cannot cut off the zeros that were laid out: %s", strerror(errno));
    ledger->laid_out = ledger->segment_bytes;
}

/* Where zeros do not go, lines may go all the same. */
static void end_zeros(struct tx_ledger *ledger, int result) {
    uint64_t to = ledger->laying_to;

    ledger->laying_to = 0;
    if (result == 0) {
        ledger->laid_out = to;
        return;
    }
    tx_fd_closep(&ledger->layer_fd);
    tx_ledger_cut_zeros(ledger);
}

static int take_result(struct tx_ledger *ledger) {
    int r = tx_writer_take(ledger->writer);
    if (ledger->n_writing > 0)
        return end_batch(ledger, r);
    end_zeros(ledger, r);
    return 0;
}

int tx_ledger_await_writer(struct tx_ledger *ledger) {
    return ledger->n_writing > 0 || ledger->laying_to > 0 ? take_result(ledger) : 0;
}

int tx_ledger_await_room(struct tx_ledger *ledger, size_t n) {
    if (ledger->laying_to > 0 && ledger->segment_bytes + n <= ledger->laying_from)
        return 0;
    return tx_ledger_await_writer(ledger);
}

static bool has_room(int fd) {
    struct statvfs st;
    return fstatvfs(fd, &st) == 0 && (uint64_t)st.f_bavail * st.f_frsize >= KEEP_FREE_BYTES;
}

static bool may_lay_out(const struct tx_ledger *ledger) {
    return ledger->writer && ledger->n_writing == 0 && ledger->laying_to == 0 &&
           ledger->layer_fd >= 0 && ledger->n_small_batches >= SMALL_BATCHES;
}

void tx_ledger_lay_out(struct tx_ledger *ledger) {
    uint64_t most = ledger->stream->segment_max_bytes, from = ledger->laid_out;

    if (!may_lay_out(ledger))
        return;
    if (from < ledger->segment_bytes)
        from = ledger->segment_bytes;
    if (from >= most || from - ledger->segment_bytes >= ZEROS_BYTES / 2 ||
        !has_room(ledger->layer_fd))
        return;
    uint64_t to = (from + ZEROS_BYTES) / PAGE_BYTES * PAGE_BYTES;
    if (to > most)
        to = most;
    ledger->laying_from = from;
    ledger->laying_to = to;
    struct tx_writer_job job = {
        .fd = ledger->layer_fd, .n = (size_t)(to - from), .offset = (off_t)from};
    tx_writer_begin(ledger->writer, &job);
}

int tx_ledger_reserve_tail(struct tx_ledger *ledger, size_t n) {
    if (ledger->n_writing > 0 && n > ledger->tail.cap - ledger->tail.len)
        tx_writer_wait(ledger->writer);
    return tx_bytes_reserve(&ledger->tail, n);
}

static int on_done(void *data, uint32_t events) {
    struct tx_ledger *ledger = data;
    bool was_batch = ledger->n_writing > 0;

    (void)events;
    if (!tx_writer_is_done(ledger->writer))
        return 0;
    int r = take_result(ledger);
    if (r < 0)
        tx_ledger_give_up(ledger, r);
    if (!was_batch)
        return 0;
    if (r < 0 || ledger->store_again) {
        ledger->store_again = false;
        r = tx_ledger_tell_durable(ledger);
        return r < 0 ? r : tx_ledger_pump(ledger);
    }
    return tx_ledger_tell_durable(ledger);
}

int tx_ledger_start_writer(struct tx_ledger *ledger) {
    int r = tx_writer_new(&ledger->writer);
    if (r < 0)
        return r;
    return tx_loop_add(ledger->loop, tx_writer_fd(ledger->writer), EPOLLIN, on_done, ledger,
                       &ledger->writer_source);
}
