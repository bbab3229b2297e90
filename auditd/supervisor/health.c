/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/health.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/sockets.h"
#include "auditd/supervisor/streams.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define SECOND_NS INT64_C(1000000000)
#define ROUND_NS SECOND_NS

/* When a round comes so late, we were stopped, or the machine was: the answers are unread. */
#define LATE_NS (3 * ROUND_NS)

/* --- what is known of a child --- */

static bool has_answered(const struct tx_child *child, int64_t now) {
    return child->ping_sent == child->pong_received ||
           now - child->pong_ns < TX_HEALTH_SECONDS * SECOND_NS;
}

static bool moves_on(const struct tx_child *child, int64_t now) {
    return !child->has_work || now - child->progress_ns < TX_HEALTH_SECONDS * SECOND_NS;
}

bool tx_health_is_well(const struct tx_supervisor *s, int id, int64_t now) {
    const struct tx_child *child = &s->children.all[id];
    return child->state != TX_CHILD_READY || (has_answered(child, now) && moves_on(child, now));
}

/* The state letter of proc(5); '?' when it cannot be read. */
static char state_of(pid_t pid) {
    char path[64], text[512];
    size_t n = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    _cleanup_(tx_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || tx_fd_read_full(fd, text, sizeof(text) - 1, &n) < 0)
        return '?';
    text[n] = '\0';
    const char *at = strrchr(text, ')'); /* the name before it may hold anything */
    return at && at + 2 < text + n ? at[2] : '?';
}

/* --- replacing --- */

/* Who sleeps may wait for another: the ledger for the signer; forward for its sink, which may take
 * as long as it likes. */
static bool waits_for_other(const struct tx_supervisor *s, const struct tx_child *child,
                            int64_t now) {
    if (child->role == TX_ROLE_FORWARD)
        return true;
    return child->role == TX_ROLE_LEDGER &&
           !tx_health_is_well(s, (int)tx_child_of_stream(TX_ROLE_SIGNER, child->stream), now);
}

static const char *why_replace(const struct tx_supervisor *s, const struct tx_child *child,
                               int64_t now) {
    switch (state_of(child->pid)) {
    case 'D': /* killing it would change nothing, and the disk may come back */
    case 't': /* somebody looks at it with a debugger */
        return NULL;
    case 'T':
        return "was stopped";
    case 'R':
        return has_answered(child, now) ? "has work and does not do it" : "is busy with itself";
    default:
        if (waits_for_other(s, child, now))
            return NULL;
        return has_answered(child, now) ? "has work and does not do it" : "hangs";
    }
}

static bool is_late(const struct tx_supervisor *s, const struct tx_child *child, int64_t now) {
    if (child->state == TX_CHILD_READY)
        return !tx_health_is_well(s, (int)child->id, now);
    if (child->state != TX_CHILD_STARTING)
        return false;
    int64_t limit = state_of(child->pid) == 'T' ? TX_HEALTH_SECONDS : TX_HEALTH_START_SECONDS;
    return now - child->started_ns >= limit * SECOND_NS;
}

static void replace_if_late(struct tx_supervisor *s, struct tx_child *child, int64_t now) {
    if (!tx_child_runs(child) || child->hung || child->stopping || !is_late(s, child, now))
        return;
    const char *why = why_replace(s, child, now);
    if (!why)
        return;
    tx_log(TX_LOG_ERROR, "tracex-%s %s for %lld seconds: it is replaced", child->name, why,
           (long long)((now - child->pong_ns) / SECOND_NS));
    child->hung = true;
    tx_child_kill(child);
}

/* --- asking --- */

static int ping(struct tx_child *child, int64_t now) {
    /* One that does not read has been asked often enough. */
    if (child->state != TX_CHILD_READY || child->ping_sent != child->pong_received)
        return 0;
    child->ping_sent++;
    child->pong_ns = now;
    return tx_child_send(child, TX_CONTROL_PING, child->ping_sent, (struct tx_text){0}, -1);
}

static void forgive(struct tx_supervisor *s, int64_t now) {
    for (int i = 0; i < TX_CHILD_N; i++) {
        struct tx_child *child = &s->children.all[i];
        child->pong_ns = child->progress_ns = now;
        if (child->state == TX_CHILD_STARTING)
            child->started_ns = now;
    }
}

/* --- records of ends --- */

void tx_health_note_end(struct tx_child *child, const char *how) {
    child->n_untold++;
    snprintf(child->how, sizeof(child->how), "%s", how);
}

void tx_health_ledger_ended(struct tx_supervisor *s) {
    for (int i = 0; i < TX_CHILD_N; i++)
        s->children.all[i].n_told = 0;
}

void tx_health_end_recorded(struct tx_supervisor *s, struct tx_text process) {
    for (int i = 0; i < TX_CHILD_N; i++) {
        struct tx_child *child = &s->children.all[i];
        if (!tx_text_equal((struct tx_text){child->name, strlen(child->name)}, process))
            continue;
        child->n_untold -= child->n_told;
        child->n_told = 0;
    }
}

int tx_health_tell_ledger(struct tx_supervisor *s) {
    struct tx_child *ledger = tx_supervisor_child(s, TX_CHILD_LEDGER);
    int r = 0;

    for (int i = 0; r >= 0 && i < TX_CHILD_N; i++) {
        struct tx_child *child = &s->children.all[i];
        uint8_t memory[TX_CONTROL_END_BYTES];
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        struct tx_control_end end = {.process = {child->name, strlen(child->name)},
                                     .how = {child->how, strlen(child->how)}};
        if (child->n_untold == 0 || child->n_told > 0 || ledger->state != TX_CHILD_READY)
            continue;
        tx_control_end_render(&end, &b);
        r = tx_child_send(ledger, TX_CONTROL_CHILD_ENDED, child->n_untold,
                          (struct tx_text){(const char *)b.data, b.len}, -1);
        child->n_told = child->n_untold;
    }
    return r;
}

/* --- a round --- */

static int on_round(void *data, uint32_t events) {
    struct tx_supervisor *s = data;
    int64_t now = tx_clock_boot();
    bool well = true;

    (void)events;
    if (now - s->health.round_ns >= LATE_NS)
        forgive(s, now);
    s->health.round_ns = now;
    for (int i = 0; i < TX_CHILD_N; i++) {
        struct tx_child *child = tx_supervisor_child(s, (enum tx_child_id)i);
        int r = ping(child, now);
        if (r < 0)
            return r;
        replace_if_late(s, child, now);
        /* Only a sink waits for the one, and without the other values are redacted. */
        if (child->role != TX_ROLE_FORWARD && child->role != TX_ROLE_VAULT &&
            !tx_streams_is_other(child))
            well = well && tx_health_is_well(s, i, now);
    }
    tx_keep_retry(&s->keep);
    if (well)
        tx_notify_feed(&s->notify);
    int r = tx_sockets_check(s);
    return r < 0 ? r : tx_health_tell_ledger(s);
}

int tx_health_init(struct tx_supervisor *s) {
    s->health.round_ns = tx_clock_boot();
    int r = tx_loop_add_timer(s->loop, on_round, s, &s->health.timer);
    if (r < 0)
        return r;
    return tx_loop_set_timer(s->health.timer, tx_clock_boot() + ROUND_NS, ROUND_NS);
}
