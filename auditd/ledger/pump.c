/* SPDX-License-Identifier: MIT */
/*
 * Everything that is due, in its order: store → tell → the signer's pending line → the epoch's
 * first checkpoint → rotate → seal → checkpoint. A step that the disk or the signer puts off ends
 * the round; a timer begins the next. What the ledger has to say of itself comes last: it is a
 * record like any other, and signed only when it is durable.
 */
#include <string.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "auditd/ledger/retain-word.h"
#include "libtx/base/clock.h"

#define RETRY_NS INT64_C(250000000)
#define TICK_NS INT64_C(1000000000)
#define STOP_TRIES 10
#define STOP_WAIT_US 100000

static int open_pending(struct tx_ledger *ledger) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes line = ledger->pending;
    ledger->pending = TX_BYTES_INIT;
    return tx_ledger_open_epoch(ledger, (struct tx_text){(char *)line.data, line.len});
}

static bool seal_due(const struct tx_ledger *ledger) {
    if (ledger->last.len == 0 || ledger->segment_fd < 0)
        return false;
    return ledger->segment_bytes >= ledger->stream->segment_max_bytes ||
           tx_clock_boot() - ledger->segment_began >= ledger->stream->segment_max_age_ns;
}

/* One step; *ret_done when nothing was due. */
static int step(struct tx_ledger *ledger, bool *ret_done) {
    *ret_done = false;
    int r = tx_ledger_store(ledger);
    if (r == 0)
        r = tx_ledger_tell_durable(ledger);
    if (r < 0)
        return r;
    if (ledger->pending.len > 0)
        return open_pending(ledger);
    if (ledger->now.epoch_open)
        return tx_ledger_first_checkpoint(ledger);
    if (ledger->policy.len > 0) {
        r = tx_ledger_write_policy(ledger);
        if (r < 0)
            return r;
    }
    /* A proof that cannot be written holds up no checkpoint, but the segment's and epoch's end. */
    r = tx_ledger_write_proof(ledger);
    if (r < 0 && r != -EAGAIN)
        return r;
    if (r == 0 && ledger->rotate_due)
        return tx_ledger_rotate(ledger);
    if (r == 0 && seal_due(ledger))
        return tx_ledger_checkpoint(ledger, true);
    if (ledger->checkpoint_wanted && ledger->last.len > 0)
        return tx_ledger_checkpoint(ledger, false);
    ledger->checkpoint_wanted = false;
    *ret_done = ledger->segment_fd >= 0 && ledger->durable == ledger->tail.len;
    return r;
}

/* All else needs that what was appended is durable first. */
static bool only_storing_is_due(const struct tx_ledger *ledger) {
    return ledger->trouble == 0 && ledger->pending.len == 0 && !ledger->now.epoch_open &&
           ledger->policy.len == 0 && ledger->proof.len == 0 && !ledger->rotate_due &&
           !seal_due(ledger) && !ledger->checkpoint_wanted && !ledger->greeting_due &&
           !ledger->trouble_told;
}

static int wait_to_retry(struct tx_ledger *ledger) {
    int r = tx_ledger_watch_ingest(ledger);
    return r < 0 ? r : tx_loop_set_timer(ledger->retry_timer, tx_clock_boot() + RETRY_NS, 0);
}

static int arm_commit(struct tx_ledger *ledger) {
    if (ledger->commit_armed || ledger->durable == ledger->tail.len)
        return 0;
    ledger->commit_armed = true;
    return tx_loop_set_timer(ledger->commit_timer,
                             tx_clock_boot() + ledger->stream->commit_interval_ns, 0);
}

/* What happened to the log before now. The records are made durable by the next commit. */
static int tell_own(struct tx_ledger *ledger) {
    int r = 0;
    if (ledger->greeting_due) {
        ledger->greeting_due = false;
        if (ledger->crashed)
            r = tx_ledger_record_recovered(ledger, ledger->torn_bytes);
        if (r == 0)
            r = tx_ledger_record_start(ledger);
    }
    if (r == 0)
        r = tx_space_tell(ledger);
    return r < 0 ? r : arm_commit(ledger);
}

int tx_ledger_pump(struct tx_ledger *ledger) {
    bool done = false;

    ledger->receipt_wanted = false;
    if (ledger->tail.len >= TX_LEDGER_TAIL_BYTES ||
        tx_ledger_size(ledger) - ledger->now.checkpoint_size >= ledger->conf->epoch_records)
        ledger->checkpoint_wanted = true;
    if (only_storing_is_due(ledger) && tx_ledger_store_in_background(ledger))
        return tx_ledger_watch_ingest(ledger);
    while (!done) {
        int r = step(ledger, &done);
        if (r == -EAGAIN && done) /* all but a proof */
            break;
        if (r < 0)
            return r == -EAGAIN ? wait_to_retry(ledger) : r;
    }
    int r = tell_own(ledger);
    if (r == 0)
        r = tx_retain_carry_out(ledger);
    if (r < 0)
        return r;
    return ledger->proof.len > 0 ? wait_to_retry(ledger) : tx_ledger_watch_ingest(ledger);
}

/* Ingest sends no more than the window: a part of it has to be under way before it is full. */
static bool is_batch_due(const struct tx_ledger *ledger) {
    return ledger->pace_told > 0 && ledger->taken - ledger->taken_begun >= ledger->pace_told / 4;
}

/* After lines were appended: when they will be made durable and covered. */
int tx_ledger_schedule(struct tx_ledger *ledger) {
    bool now = ledger->receipt_wanted || ledger->tail.len >= TX_LEDGER_TAIL_BYTES ||
               ledger->rotate_due || ledger->stream->commit_interval_ns == 0 ||
               is_batch_due(ledger);
    int r = 0;

    if (ledger->last.len > 0 && !ledger->checkpoint_armed) {
        ledger->checkpoint_armed = true;
        r = tx_loop_set_timer(ledger->checkpoint_timer,
                              tx_clock_boot() + ledger->stream->checkpoint_interval_ns, 0);
    }
    if (r < 0 || now)
        return r < 0 ? r : tx_ledger_pump(ledger);
    if (ledger->durable == ledger->tail.len)
        return tx_ledger_tell_durable(ledger);
    return arm_commit(ledger);
}

static int on_commit(void *data, uint32_t events) {
    struct tx_ledger *ledger = data;
    (void)events;
    ledger->commit_armed = false;
    return tx_ledger_pump(ledger);
}

static int on_checkpoint(void *data, uint32_t events) {
    struct tx_ledger *ledger = data;
    (void)events;
    ledger->checkpoint_armed = false;
    ledger->checkpoint_wanted = true;
    return tx_ledger_pump(ledger);
}

static int on_retry(void *data, uint32_t events) {
    (void)events;
    int r = tx_ledger_pump(data);
    return r < 0 ? r : tx_ledger_resume_intake(data);
}

static int heartbeat(struct tx_ledger *ledger, int64_t now) {
    int64_t interval = ledger->stream->heartbeat_interval_ns;

    if (interval == 0 || now - ledger->last_record_boot < interval || !tx_ledger_may_append(ledger))
        return 0;
    return tx_ledger_record_heartbeat(ledger);
}

static int on_tick(void *data, uint32_t events) {
    struct tx_ledger *ledger = data;
    int64_t now = tx_clock_boot();

    (void)events;
    /* The signer cannot say so while nobody asks it. */
    if (ledger->epoch_began > 0 && now - ledger->epoch_began >= ledger->conf->epoch_ns)
        ledger->rotate_due = true;
    int r = heartbeat(ledger, now);
    if (r == 0)
        r = tx_ledger_tell_news(ledger);
    if (r == 0)
        r = tx_space_tick(ledger);
    if (r == 0)
        r = tx_retain_tick(ledger);
    if (r == 0)
        r = tx_space_halt(ledger);
    return r < 0 ? r : tx_ledger_schedule(ledger);
}

int tx_ledger_add_timers(struct tx_ledger *ledger) {
    const struct {
        struct tx_source_handle **timer;
        tx_loop_handler handler;
    } timers[] = {{&ledger->commit_timer, on_commit},
                  {&ledger->checkpoint_timer, on_checkpoint},
                  {&ledger->retry_timer, on_retry},
                  {&ledger->tick_timer, on_tick}};
    for (size_t i = 0; i < TX_COUNT_OF(timers); i++) {
        int r = tx_loop_add_timer(ledger->loop, timers[i].handler, ledger, timers[i].timer);
        if (r < 0)
            return r;
    }
    return tx_loop_set_timer(ledger->tick_timer, tx_clock_boot() + TICK_NS, TICK_NS);
}

static bool is_settled(const struct tx_ledger *ledger) {
    return (ledger->trouble == 0 || ledger->space.spent) && ledger->durable == ledger->tail.len;
}

static void close_log(struct tx_ledger *ledger, bool told) {
    bool resume = ledger->segment_fd >= 0 && ledger->tail.len == 0;

    tx_ledger_close_segment(ledger, false);
    tx_retain_word_keep(&ledger->retain);
    int r = tx_clients_save(ledger->clients, TX_FD_LEDGER_STATE, tx_ledger_size(ledger));
    if (r < 0)
        tx_log(TX_LOG_WARNING, "cannot save the table of clients: %s", strerror(-r));
    if (r == 0 && resume)
        r = tx_resume_save(ledger, told);
    if (r < 0)
        tx_log(TX_LOG_WARNING, "the next start reads the whole segment");
}

int tx_ledger_stop(struct tx_ledger *ledger) {
    int r = tx_ledger_pump(ledger);
    bool told = r == 0 && tx_ledger_may_tell(ledger);
    if (told)
        r = tx_ledger_tell_news(ledger);
    if (told && r == 0)
        r = tx_ledger_record_stop(ledger);
    if (r < 0)
        return r;
    /* More than once when trouble has to be told of, too, or may pass. */
    for (int i = 0; r == 0 && i < STOP_TRIES && (i == 0 || !is_settled(ledger)); i++) {
        if (ledger->trouble)
            usleep(STOP_WAIT_US);
        ledger->checkpoint_wanted = true;
        r = tx_ledger_pump(ledger);
    }
    if (r < 0)
        return r;
    if (!is_settled(ledger)) {
        tx_log(TX_LOG_ERROR,
               "%zu bytes of records never became durable; they were not acknowledged",
               ledger->tail.len - ledger->durable);
        return -EIO; /* and the table of clients, which counts them, is not saved */
    }
    close_log(ledger, told);
    tx_loop_stop(ledger->loop);
    return 0;
}
