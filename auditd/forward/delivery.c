/* SPDX-License-Identifier: MIT */
#include "auditd/forward/delivery.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

/* A change that inotify did not tell of is seen so late. */
#define IDLE_MS 1000
/* The cursor is stored at most so often while batches follow each other. */
#define SAVE_NS INT64_C(1000000000)
/* After so many batches the journal's files are let go: what was read of them stays in memory. */
#define RELEASE_BATCHES 16

void tx_delivery_free(struct tx_delivery *delivery) {
    if (!delivery)
        return;
    tx_follow_free(delivery->follow);
    tx_batch_deinit(&delivery->batch);
    tx_confirm_free(delivery->confirm);
    tx_hasher_free(delivery->hasher);
    tx_fd_closep(&delivery->ended_fd);
    pthread_cond_destroy(&delivery->changed);
    pthread_mutex_destroy(&delivery->lock);
    free(delivery);
}
TX_DEFINE_CLEANUP(struct tx_delivery *, tx_delivery_free);

static int init_lock(struct tx_delivery *delivery) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int r = pthread_cond_init(&delivery->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (r == 0)
        r = pthread_mutex_init(&delivery->lock, NULL);
    return -r;
}

int tx_delivery_new(const struct tx_delivery_options *options, struct tx_confirm *confirm,
                    struct tx_delivery **ret) {
    _cleanup_(tx_confirm_freep) struct tx_confirm *taken = confirm;
    _cleanup_(tx_delivery_freep) struct tx_delivery *delivery = calloc(1, sizeof(*delivery));
    if (!delivery)
        return -ENOMEM;
    delivery->options = *options;
    delivery->confirm = TX_STEAL(taken);
    delivery->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (delivery->ended_fd < 0)
        return -errno;
    int r = init_lock(delivery);
    if (r == 0)
        r = tx_hasher_new(&delivery->hasher);
    if (r < 0)
        return r;
    *ret = TX_STEAL(delivery);
    return 0;
}

void tx_delivery_wake(struct tx_delivery *delivery) {
    pthread_mutex_lock(&delivery->lock);
    delivery->woken = true;
    pthread_cond_signal(&delivery->changed);
    pthread_mutex_unlock(&delivery->lock);
}

void tx_delivery_stop(struct tx_delivery *delivery, int64_t deadline) {
    pthread_mutex_lock(&delivery->lock);
    delivery->stopping = delivery->woken = true;
    delivery->deadline = deadline;
    pthread_cond_signal(&delivery->changed);
    pthread_mutex_unlock(&delivery->lock);
}

struct tx_delivery_status tx_delivery_status(struct tx_delivery *delivery) {
    pthread_mutex_lock(&delivery->lock);
    struct tx_delivery_status status = delivery->status;
    pthread_mutex_unlock(&delivery->lock);
    return status;
}

void tx_delivery_say(struct tx_delivery *delivery, enum tx_delivery_state state) {
    pthread_mutex_lock(&delivery->lock);
    delivery->status.state = state;
    delivery->status.confirmed = delivery->cursor.next;
    delivery->status.checkpoint = delivery->cursor.checkpoint;
    if (delivery->status.sent < delivery->cursor.next)
        delivery->status.sent = delivery->cursor.next;
    if (delivery->follow)
        delivery->status.counts = tx_follow_counts(delivery->follow);
    pthread_mutex_unlock(&delivery->lock);
}

/* Says it to the operator when it is something new. */
void tx_delivery_fail(struct tx_delivery *delivery, const char *what, int error) {
    char text[sizeof(delivery->status.error)];

    if (error < 0)
        snprintf(text, sizeof(text), "%s: %s", what, strerror(-error));
    else
        snprintf(text, sizeof(text), "%s", what);
    pthread_mutex_lock(&delivery->lock);
    bool is_new = strcmp(text, delivery->status.error) != 0;
    memcpy(delivery->status.error, text, sizeof(text));
    pthread_mutex_unlock(&delivery->lock);
    if (is_new)
        tx_log(TX_LOG_WARNING, "%s", text);
}

void tx_delivery_recovered(struct tx_delivery *delivery) {
    pthread_mutex_lock(&delivery->lock);
    bool failed = delivery->status.error[0] != '\0';
    delivery->status.error[0] = '\0';
    pthread_mutex_unlock(&delivery->lock);
    if (failed)
        tx_log(TX_LOG_NOTICE, "forwarding to the journal goes on");
}

static void pause_until(struct tx_delivery *delivery, int64_t ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_cond_timedwait(&delivery->changed, &delivery->lock, &until);
}

int tx_delivery_pause(struct tx_delivery *delivery, int64_t ms, enum tx_delivery_pause kind) {
    int64_t end = tx_clock_boot() + ms * 1000000;
    bool over = false;

    pthread_mutex_lock(&delivery->lock);
    bool was_stopping = delivery->stopping;
    for (;;) {
        int64_t now = tx_clock_boot();
        over = delivery->stopping && now >= delivery->deadline;
        if (over || now >= end || (kind == TX_PAUSE_WAKEABLE && delivery->woken) ||
            delivery->stopping != was_stopping)
            break;
        pause_until(delivery, (end - now + 999999) / 1000000);
    }
    if (kind == TX_PAUSE_WAKEABLE)
        delivery->woken = false;
    pthread_mutex_unlock(&delivery->lock);
    return over ? -ECANCELED : 0;
}

static bool is_stopping(struct tx_delivery *delivery) {
    pthread_mutex_lock(&delivery->lock);
    bool stopping = delivery->stopping;
    pthread_mutex_unlock(&delivery->lock);
    return stopping;
}

static void save_cursor(struct tx_delivery *delivery, bool at_once) {
    if (!delivery->unsaved || (!at_once && tx_clock_boot() - delivery->saved_at < SAVE_NS))
        return;
    int r = tx_sink_cursor_save(delivery->options.state_fd, &delivery->cursor);
    delivery->saved_at = tx_clock_boot();
    if (r < 0)
        tx_delivery_fail(delivery, "cannot store how far the journal is (state_dir)", r);
    else
        delivery->unsaved = false;
}

/* There was nothing more: memory and files of the journal are let go. */
static int rest(struct tx_delivery *delivery, bool stopping) {
    save_cursor(delivery, true);
    tx_confirm_close(delivery->confirm);
    tx_delivery_say(delivery, TX_DELIVERY_IDLE);
    if (stopping)
        return -ECANCELED;
    return tx_delivery_pause(delivery, IDLE_MS, TX_PAUSE_WAKEABLE);
}

static int one_batch(struct tx_delivery *delivery) {
    struct tx_batch *batch = &delivery->batch;

    /* Before the log is read: its last records are written before the order to stop comes. */
    bool stopping = is_stopping(delivery);
    batch->next = delivery->cursor.next;
    batch->checkpoint = delivery->cursor.checkpoint;
    int r =
        tx_batch_fill(batch, delivery->follow, delivery->hasher, delivery->options.min_severity);
    if (r == TX_BATCH_E_NOTHING)
        return rest(delivery, stopping);
    if (r < 0) {
        tx_delivery_fail(delivery, "cannot read the log", r);
        if (batch->n_items == 0)
            return tx_delivery_pause(delivery, IDLE_MS, TX_PAUSE_FIXED);
    }
    r = tx_delivery_batch(delivery);
    if (r < 0)
        return r;
    delivery->cursor.next = batch->next;
    delivery->cursor.checkpoint = batch->checkpoint;
    delivery->cursor.seen = delivery->seen;
    delivery->unsaved = true;
    if (++delivery->n_batches % RELEASE_BATCHES == 0)
        tx_confirm_close(delivery->confirm);
    save_cursor(delivery, false);
    tx_delivery_say(delivery, TX_DELIVERY_SENDING);
    return 0;
}

static int wait_for_log(struct tx_delivery *delivery) {
    int r = 0;
    while (r == 0) {
        bool stopping = is_stopping(delivery);
        r = tx_delivery_open(delivery);
        if (r != TX_DELIVERY_E_NO_LOG)
            return r;
        r = stopping ? -ECANCELED : tx_delivery_pause(delivery, IDLE_MS, TX_PAUSE_WAKEABLE);
    }
    return r;
}

static int run(struct tx_delivery *delivery) {
    int r = wait_for_log(delivery);
    while (r == 0)
        r = one_batch(delivery);
    save_cursor(delivery, true);
    return r == -ECANCELED ? 0 : r;
}

static void *thread_main(void *data) {
    struct tx_delivery *delivery = data;
    uint64_t one = 1;

    delivery->result = run(delivery);
    tx_delivery_say(delivery, TX_DELIVERY_ENDED);
    if (write(delivery->ended_fd, &one, sizeof(one)) < 0)
        _exit(EXIT_FAILURE);
    return NULL;
}

int tx_delivery_start(struct tx_delivery *delivery) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512u * 1024u);
    int r = pthread_create(&delivery->thread, &attributes, thread_main, delivery);
    pthread_attr_destroy(&attributes);
    return -r;
}
