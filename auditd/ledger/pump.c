/* SPDX-License-Identifier: MIT */
/*
 * Everything that is due, in its order: store → tell → the epoch's first checkpoint → rotate → seal
 * → checkpoint. A step that the disk or the signer puts off ends the round; a timer begins the
 * next.
 */
#include <string.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"

#define RETRY_NS INT64_C(250000000)
#define TICK_NS INT64_C(1000000000)

static bool seal_due(const struct tx_ledger *ledger) {
    if (ledger->last.len == 0 || ledger->segment_fd < 0)
        return false;
    return ledger->segment_bytes >= ledger->conf->segment_max_bytes ||
           tx_clock_boot() - ledger->segment_began >= ledger->conf->segment_max_age_ns;
}

/* One step; *ret_done when nothing was due. */
static int step(struct tx_ledger *ledger, bool *ret_done) {
    *ret_done = false;
    int r = tx_ledger_store(ledger);
    if (r == 0)
        r = tx_ledger_tell_durable(ledger);
    if (r < 0)
        return r;
    if (ledger->proof.len > 0)
        return tx_ledger_write_proof(ledger);
    if (ledger->now.epoch_open)
        return tx_ledger_first_checkpoint(ledger);
    if (ledger->rotate_due)
        return tx_ledger_rotate(ledger);
    if (seal_due(ledger))
        return tx_ledger_checkpoint(ledger, true);
    if (ledger->checkpoint_wanted && ledger->last.len > 0)
        return tx_ledger_checkpoint(ledger, false);
    ledger->checkpoint_wanted = false;
    *ret_done = ledger->segment_fd >= 0 && ledger->durable == ledger->tail.len;
    return 0;
}

int tx_ledger_pump(struct tx_ledger *ledger) {
    bool done = false;

    ledger->receipt_wanted = false;
    if (ledger->tail.len >= TX_LEDGER_TAIL_BYTES ||
        tx_ledger_size(ledger) - ledger->now.checkpoint_size >= ledger->conf->epoch_records)
        ledger->checkpoint_wanted = true;
    while (!done) {
        int r = step(ledger, &done);
        if (r == -EAGAIN) {
            r = tx_ledger_watch_ingest(ledger);
            return r < 0 ? r
                         : tx_loop_set_timer(ledger->retry_timer, tx_clock_boot() + RETRY_NS, 0);
        }
        if (r < 0)
            return r;
    }
    return tx_ledger_watch_ingest(ledger);
}

/* After lines were appended: when they will be made durable and covered. */
int tx_ledger_schedule(struct tx_ledger *ledger) {
    bool now = ledger->receipt_wanted || ledger->tail.len >= TX_LEDGER_TAIL_BYTES ||
               ledger->conf->commit_interval_ns == 0;
    int r = 0;

    if (ledger->last.len > 0 && !ledger->checkpoint_armed) {
        ledger->checkpoint_armed = true;
        r = tx_loop_set_timer(ledger->checkpoint_timer,
                              tx_clock_boot() + ledger->conf->checkpoint_interval_ns, 0);
    }
    if (r < 0 || now)
        return r < 0 ? r : tx_ledger_pump(ledger);
    if (ledger->durable == ledger->tail.len)
        return tx_ledger_tell_durable(ledger);
    if (!ledger->commit_armed) {
        ledger->commit_armed = true;
        r = tx_loop_set_timer(ledger->commit_timer,
                              tx_clock_boot() + ledger->conf->commit_interval_ns, 0);
    }
    return r;
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

static int on_tick(void *data, uint32_t events) {
    struct tx_ledger *ledger = data;
    int64_t interval = ledger->conf->heartbeat_interval_ns;
    (void)events;
    if (interval > 0 && ledger->trouble == 0 && !ledger->now.epoch_open &&
        tx_clock_boot() - ledger->last_record_boot >= interval) {
        int r = tx_ledger_record_heartbeat(ledger);
        if (r < 0)
            return r;
    }
    return tx_ledger_schedule(ledger);
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

int tx_ledger_stop(struct tx_ledger *ledger) {
    int r = ledger->now.epoch_open ? 0 : tx_ledger_record_stop(ledger);
    if (r < 0)
        return r;
    ledger->checkpoint_wanted = true;
    r = tx_ledger_pump(ledger);
    if (r < 0)
        return r;
    tx_ledger_close_segment(ledger, false);
    r = tx_clients_save(ledger->clients, TX_FD_LEDGER_STATE, tx_ledger_size(ledger));
    if (r < 0)
        tx_log(TX_LOG_WARNING, "cannot save the table of clients: %s", strerror(-r));
    tx_loop_stop(ledger->loop);
    return 0;
}
