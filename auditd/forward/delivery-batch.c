/* SPDX-License-Identifier: MIT */
/*
 * One batch, until the journal holds it. What ends the loop is that everything arrived; or that
 * the journal cannot be read, and then that journald has taken everything.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "auditd/forward/delivery.h"
#include "auditd/forward/journal-send.h"
#include "libtx/base/fd.h"

#define FIRST_PAUSE_MS 50
#define AWAY_PAUSE_MS 1000    /* at most, while journald is away */
#define DROPPED_PAUSE_MS 5000 /* at most, while it drops: its rate limits count half minutes */
/* From this attempt on only the first missing entry is sent, to see whether it is taken. */
#define SINGLE_ATTEMPT 2
/* From this one on without its data: perhaps the entry itself is not to the journal's liking. */
#define REDUCED_ATTEMPT 10
/* When only our own user's journal can be read, and never showed an entry of ours. */
#define DOUBT_ATTEMPTS 4
#define ABSENT_ATTEMPTS 20

static int64_t pause_ms(unsigned attempt, int64_t most) {
    int64_t ms = FIRST_PAUSE_MS << (attempt < 10 ? attempt : 10);
    return ms < most ? ms : most;
}

static bool is_away(int r) {
    return r == -ENOENT || r == -ECONNREFUSED || r == -ECONNRESET || r == -EPIPE;
}

static void note_sent(struct tx_delivery *delivery, const struct tx_batch_item *item) {
    pthread_mutex_lock(&delivery->lock);
    if (item->kind == TX_FOLLOW_RECORD && item->number < delivery->status.sent)
        delivery->status.n_resent++;
    else if (item->kind == TX_FOLLOW_RECORD)
        delivery->status.sent = item->number + 1;
    pthread_mutex_unlock(&delivery->lock);
}

/* A journal that stores nothing below min_severity stores checkpoints all the same. */
static enum tx_record_severity checkpoint_severity(const struct tx_delivery *delivery) {
    enum tx_record_severity most = delivery->options.min_severity;
    return most < TX_SEVERITY_INFO ? most : TX_SEVERITY_INFO;
}

static int send_item(struct tx_delivery *delivery, const struct tx_batch_item *item, bool reduced) {
    struct tx_text origin = {delivery->origin, strlen(delivery->origin)};
    struct tx_text text = tx_batch_text(&delivery->batch, item);

    if (item->kind == TX_FOLLOW_RECORD)
        tx_journal_entry_record(&delivery->entry, origin, item->number, text, &item->digest,
                                reduced);
    else
        tx_journal_entry_checkpoint(&delivery->entry, origin, item->number, text,
                                    checkpoint_severity(delivery));
    note_sent(delivery, item);
    return tx_journal_send(&delivery->entry);
}

/* Waits until journald has gone through what was sent before. */
static int pass_barrier(struct tx_delivery *delivery, int fd) {
    int64_t ms = 1;
    int r;

    while ((r = tx_barrier_send(fd)) == -EAGAIN) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (poll(&p, 1, 50) < 0 && errno != EINTR)
            return -errno;
        r = tx_delivery_pause(delivery, 0, TX_PAUSE_FIXED);
        if (r < 0)
            return r;
    }
    while (r == 0 && (r = tx_barrier_check(fd)) == TX_BARRIER_E_WAITING) {
        r = tx_delivery_pause(delivery, ms, TX_PAUSE_FIXED);
        ms = ms < 32 ? ms * 2 : ms;
    }
    if (r < 0)
        return r;
    /* It may have gone away with its queue: then nobody answers now. */
    r = tx_barrier_send(fd);
    return r == -EAGAIN ? 0 : r;
}

/* What comes from now on stands behind the journal's present end. Where it cannot be read, sending
 * goes on all the same. */
static int prepare(struct tx_delivery *delivery) {
    enum tx_confirm_access access = tx_confirm_access(delivery->confirm);
    return access == TX_CONFIRM_READABLE ? tx_confirm_prepare(delivery->confirm) : 0;
}

/* Sends what did not arrive. -ENOENT and -ECONNREFUSED: journald is away. */
static int send_missing(struct tx_delivery *delivery, unsigned attempt) {
    struct tx_batch *batch = &delivery->batch;
    _cleanup_(tx_fd_closep) int barrier = -1;
    size_t n_sent = 0;

    int r = tx_barrier_open(&barrier);
    if (r == 0)
        r = prepare(delivery);
    for (size_t i = 0; r == 0 && i < batch->n_items; i++) {
        if (batch->items[i].arrived)
            continue;
        r = send_item(delivery, &batch->items[i], attempt >= REDUCED_ATTEMPT);
        n_sent += r == 0;
        if (attempt >= SINGLE_ATTEMPT)
            break;
        if (r == 0)
            r = tx_delivery_pause(delivery, 0, TX_PAUSE_FIXED);
    }
    /* What was sent before one that could not be is under way: whoever looks too early sends it
     * twice. */
    if (r == -ECANCELED || n_sent == 0)
        return r;
    int passed = pass_barrier(delivery, barrier);
    return r < 0 && passed != -ECANCELED ? r : passed;
}

static enum tx_confirm_access look_at_access(struct tx_delivery *delivery) {
    enum tx_confirm_access access = tx_confirm_access(delivery->confirm);

    pthread_mutex_lock(&delivery->lock);
    delivery->status.access = access;
    pthread_mutex_unlock(&delivery->lock);
    return access;
}

static int scan(struct tx_delivery *delivery, struct tx_confirm_result *ret) {
    size_t before = delivery->batch.n_arrived;
    int r = tx_confirm_scan(delivery->confirm, delivery->hasher, &delivery->batch, &delivery->seen,
                            ret);
    delivery->ever_confirmed |= delivery->batch.n_arrived > before;
    return r;
}

/* Without any look at the journal: it was taken, so it counts. */
static void take_as_arrived(struct tx_delivery *delivery, const char *why) {
    delivery->batch.n_arrived = delivery->batch.n_items;
    tx_delivery_fail(delivery, why, 0);
}

/* A journald that was just started, also after a crash, has no files for a moment. */
static int wait_while_absent(struct tx_delivery *delivery, enum tx_confirm_access *ret) {
    *ret = look_at_access(delivery);
    for (unsigned i = 0; *ret == TX_CONFIRM_ABSENT && i < ABSENT_ATTEMPTS; i++) {
        if (tx_confirm_directories_changed(delivery->confirm))
            return -ESTALE;
        int r = tx_delivery_pause(delivery, pause_ms(i, 250), TX_PAUSE_FIXED);
        if (r < 0)
            return r;
        *ret = look_at_access(delivery);
    }
    return 0;
}

/* What of the batch stands in the journal? `sent` is what sending said: only when journald has
 * taken everything may entries count that cannot be seen. */
static int look(struct tx_delivery *delivery, int sent, unsigned attempt) {
    const struct tx_batch *batch = &delivery->batch;
    struct tx_confirm_result result;
    enum tx_confirm_access access;

    int r = wait_while_absent(delivery, &access);
    if (r < 0)
        return r;
    if (access == TX_CONFIRM_READABLE || access == TX_CONFIRM_PERHAPS) {
        r = scan(delivery, &result);
        if (r < 0 || access == TX_CONFIRM_READABLE || batch->n_arrived == batch->n_items)
            return r;
    }
    if (tx_confirm_directories_changed(delivery->confirm))
        return -ESTALE;
    if (sent < 0)
        return 0;
    if (access == TX_CONFIRM_DENIED)
        take_as_arrived(delivery, "the journal cannot be read (is the user in the group "
                                  "systemd-journal?): what journald took counts as arrived");
    else if (access == TX_CONFIRM_ABSENT)
        take_as_arrived(delivery, "journald keeps no journal files (Storage=none?): what it took "
                                  "counts as arrived");
    else if (!delivery->ever_confirmed && attempt >= DOUBT_ATTEMPTS)
        take_as_arrived(delivery, "the journal that can be read does not show our entries: what "
                                  "journald took counts as arrived");
    return 0;
}

static void say_missing(struct tx_delivery *delivery, int r) {
    tx_delivery_say(delivery, is_away(r) ? TX_DELIVERY_NO_JOURNALD : TX_DELIVERY_DROPPED);
    if (r < 0)
        tx_delivery_fail(
            delivery, is_away(r) ? "systemd-journald is away" : "sending to the journal failed", r);
    else
        tx_delivery_fail(delivery,
                         "journald does not store what it is sent (rate limit, no space, "
                         "MaxLevelStore=?); it is sent again",
                         0);
}

/* What a predecessor has sent may still stand in journald's queue. */
static int let_queue_pass(struct tx_delivery *delivery) {
    _cleanup_(tx_fd_closep) int barrier = -1;
    int r = tx_barrier_open(&barrier);
    if (r == 0)
        r = pass_barrier(delivery, barrier);
    return is_away(r) ? 0 : r;
}

/* A predecessor may have sent it. */
static int check_first(struct tx_delivery *delivery) {
    struct tx_batch *batch = &delivery->batch;
    struct tx_confirm_result result;
    enum tx_confirm_access access;

    int r = let_queue_pass(delivery);
    if (r == 0)
        r = wait_while_absent(delivery, &access);
    if (r < 0)
        return r;
    if (access == TX_CONFIRM_DENIED || access == TX_CONFIRM_ABSENT) {
        delivery->check_first = false;
        return 0;
    }
    tx_confirm_rewind(delivery->confirm);
    r = scan(delivery, &result);
    if (r < 0)
        return r;
    if (batch->n_items > 0 && batch->n_arrived == 0 &&
        (result.highest_seq < batch->next || batch->next > delivery->check_limit))
        delivery->check_first = false;
    return 0;
}

/* Until it may be looked for; without that it might be sent twice. */
static int check_first_surely(struct tx_delivery *delivery) {
    int r = 0;
    for (unsigned i = 0; delivery->check_first; i++) {
        r = check_first(delivery);
        if (r == 0 || r == -ECANCELED || r == -ESTALE)
            break;
        tx_delivery_fail(delivery, "cannot read the journal", r);
        r = tx_delivery_pause(delivery, pause_ms(i, DROPPED_PAUSE_MS), TX_PAUSE_FIXED);
        if (r < 0)
            break;
    }
    return r;
}

int tx_delivery_batch(struct tx_delivery *delivery) {
    const struct tx_batch *batch = &delivery->batch;
    unsigned attempt = 0, n_pauses = 0;

    int r = check_first_surely(delivery);
    while (r == 0 && batch->n_arrived < batch->n_items) {
        size_t before = batch->n_arrived;
        int sent = send_missing(delivery, attempt);
        if (sent == -ECANCELED)
            return sent;
        r = look(delivery, sent, attempt);
        if (r == -ECANCELED || r == -ESTALE)
            return r;
        if (batch->n_arrived > before) {
            attempt = n_pauses = 0;
            r = 0;
            continue;
        }
        say_missing(delivery, sent < 0 ? sent : r);
        r = tx_delivery_pause(
            delivery, pause_ms(n_pauses++, is_away(sent) ? AWAY_PAUSE_MS : DROPPED_PAUSE_MS),
            TX_PAUSE_FIXED);
        attempt += !is_away(sent);
    }
    if (r == 0 && delivery->status.access == TX_CONFIRM_READABLE)
        tx_delivery_recovered(delivery);
    return r;
}
