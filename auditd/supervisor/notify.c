/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/notify.h"

#include <systemd/sd-daemon.h>

#include "auditd/supervisor/supervisor.h"
#include "libtx/base/clock.h"

#define SECOND_NS INT64_C(1000000000)

/* The service manager's patience is given in its unit; it is fed each second, whatever that is. */
#define ROUND_NS SECOND_NS

bool tx_notify_child_answers(const struct tx_supervisor *s, int id, int64_t now_ns) {
    const struct tx_child *child = &s->children.all[id];
    if (child->state != TX_CHILD_READY || child->ping_sent == child->pong_received)
        return true;
    return now_ns - child->pong_ns < TX_NOTIFY_ANSWER_SECONDS * SECOND_NS;
}

static int ping(struct tx_child *child) {
    /* One that does not read has been asked often enough. */
    if (child->state != TX_CHILD_READY || child->ping_sent != child->pong_received)
        return 0;
    child->ping_sent++;
    return tx_child_send(child, TX_CONTROL_PING, child->ping_sent, (struct tx_text){0}, -1);
}

static int on_round(void *data, uint32_t events) {
    struct tx_supervisor *s = data;
    int64_t now = tx_clock_boot();
    bool well = true;

    (void)events;
    for (int i = 0; i < TX_CHILD_N; i++) {
        int r = ping(tx_supervisor_child(s, (enum tx_child_id)i));
        if (r < 0)
            return r;
        /* Only a sink waits for the one, and without the other values are redacted. */
        if (i != TX_CHILD_FORWARD && i != TX_CHILD_VAULT)
            well = well && tx_notify_child_answers(s, i, now);
    }
    tx_keep_retry(&s->keep);
    if (well && s->notify.watchdog)
        sd_notify(0, "WATCHDOG=1");
    return 0;
}

int tx_notify_init(struct tx_supervisor *s) {
    uint64_t usec;

    s->notify.watchdog = sd_watchdog_enabled(0, &usec) > 0;
    int r = tx_loop_add_timer(s->loop, on_round, s, &s->notify.timer);
    if (r < 0)
        return r;
    return tx_loop_set_timer(s->notify.timer, tx_clock_boot() + ROUND_NS, ROUND_NS);
}

void tx_notify_ready(struct tx_notify *notify) {
    (void)notify;
    sd_notify(0, "READY=1");
}

void tx_notify_status(struct tx_notify *notify, const char *text) {
    (void)notify;
    sd_notifyf(0, "STATUS=%s", text);
}

void tx_notify_reloading(struct tx_notify *notify) {
    (void)notify;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               (long long)(tx_clock_get(CLOCK_MONOTONIC) / 1000));
}

void tx_notify_stopping(struct tx_notify *notify) {
    (void)notify;
    sd_notify(0, "STOPPING=1");
}
