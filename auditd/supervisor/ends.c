/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/ends.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/streams.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/clock.h"

#define SECOND_NS INT64_C(1000000000)

/* Ledger and signer end with each other; one that does not within this time is made to. */
#define PARTNER_SECONDS 5

static void tell_end(struct tx_child *child, int wait_status, int64_t delay_ns) {
    char how[48];
    if (WIFSIGNALED(wait_status))
        snprintf(how, sizeof(how), "was killed by signal %d (%s)", WTERMSIG(wait_status),
                 sigabbrev_np(WTERMSIG(wait_status)));
    else
        snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(wait_status));
    if (child->hung)
        snprintf(how, sizeof(how), "did not do its work, and was killed");
    tx_health_note_end(child, how);
    if (delay_ns >= SECOND_NS)
        tx_log(TX_LOG_ERROR,
               "tracex-%s %s, the %u. time in a row; it is started again in %lld seconds",
               child->name, how, child->crashes, (long long)(delay_ns / SECOND_NS));
    else
        tx_log(TX_LOG_WARNING, "tracex-%s %s; it is started again", child->name, how);
}

static int64_t delay_after(struct tx_child *child, int wait_status) {
    if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL && !child->hung &&
        tx_child_may_be_killed(child))
        return TX_CHILD_RESTART_NS;
    return tx_child_count_crash(child);
}

static int end_single(struct tx_supervisor *s, struct tx_child *child, int wait_status) {
    int r = 0;

    if (child->role == TX_ROLE_INGEST) {
        for (int i = 0; i < TX_STREAM_N; i++)
            tx_link_drop(&s->links[i].bodies);
        r = tx_reload_ingest_ended(s);
        if (r < 0)
            return r;
    }
    if (child->role == TX_ROLE_VAULT)
        tx_tasks_vault_ended(s);
    int64_t delay = delay_after(child, wait_status);
    tell_end(child, wait_status, delay);
    return tx_child_restart_after(child, delay);
}

static int on_partner_late(void *data, uint32_t events) {
    const struct tx_pair *pair = data;
    struct tx_child *ledger =
        tx_supervisor_child_of(pair->supervisor, TX_ROLE_LEDGER, pair->stream);
    struct tx_child *signer =
        tx_supervisor_child_of(pair->supervisor, TX_ROLE_SIGNER, pair->stream);

    (void)events;
    if (tx_child_runs(ledger) != tx_child_runs(signer)) {
        struct tx_child *left = tx_child_runs(ledger) ? ledger : signer;
        tx_log(TX_LOG_WARNING, "tracex-%s does not end with its partner; it is killed", left->name);
        tx_child_kill(left);
    }
    return 0;
}

/* Ledger and signer start as a pair, when both have ended. The first to end is the one that
 * crashed; `crashes` of both grow with it, so that they wait together. */
static int end_of_pair(struct tx_supervisor *s, struct tx_child *child, int wait_status) {
    struct tx_pair *pair = &s->pairs[child->stream];
    struct tx_child *other = tx_supervisor_child_of(
        s, child->role == TX_ROLE_LEDGER ? TX_ROLE_SIGNER : TX_ROLE_LEDGER, child->stream);

    tx_link_drop(&s->links[child->stream].notary);
    if (child->role == TX_ROLE_LEDGER)
        tx_link_drop(&s->links[child->stream].bodies);
    if (other->state == TX_CHILD_FAILED) {
        child->state = TX_CHILD_FAILED;
        return 0;
    }
    if (tx_child_runs(other)) {
        pair->delay_ns = delay_after(child, wait_status);
        /* A signer ends with the ledger, and may be seen first when that was told to. */
        if (wait_status != 0 || !other->stopping)
            tell_end(child, wait_status, pair->delay_ns);
        child->state = TX_CHILD_WAITING;
        return tx_loop_set_timer(pair->partner_timer, tx_clock_boot() + PARTNER_SECONDS * SECOND_NS,
                                 0);
    }
    int r = tx_loop_set_timer(pair->partner_timer, 0, 0);
    if (r < 0)
        return r;
    if (other->state == TX_CHILD_WAITING) {
        /* The other ended because of it, and was seen first. */
        if (WIFSIGNALED(wait_status) || child->stopping)
            tell_end(child, wait_status, pair->delay_ns);
        r = tx_child_restart_after(other, pair->delay_ns);
        return r < 0 ? r : tx_child_restart_after(child, pair->delay_ns);
    }
    int64_t delay = delay_after(child, wait_status); /* the other had ended for good */
    tell_end(child, wait_status, delay);
    return tx_child_restart_after(child, delay);
}

/* At the end of all, what another log could not write is no reason to wait. */
static bool is_done_with(const struct tx_supervisor *s, const struct tx_child *child) {
    if (s->stop.phase == TX_STOP_REST && child->role != TX_ROLE_LEDGER)
        return true;
    return s->stop.phase >= TX_STOP_LEDGER && tx_streams_is_other(child);
}

/* It ended as it was asked to. */
static bool is_wanted(struct tx_supervisor *s, const struct tx_child *child, int wait_status) {
    if (child->stopping && (child->stopped || wait_status == 0))
        return true;
    /* The signer ends when the ledger has. */
    return child->role == TX_ROLE_SIGNER && wait_status == 0 &&
           tx_supervisor_child_of(s, TX_ROLE_LEDGER, child->stream)->state == TX_CHILD_ENDED;
}

int tx_ends_of_child(void *data, struct tx_child *child, int wait_status) {
    struct tx_supervisor *s = data;
    int r = tx_control_server_status(s);

    if (r < 0)
        return r;
    if (child->id == TX_CHILD_LEDGER)
        tx_health_ledger_ended(s);
    if (child->state == TX_CHILD_FAILED) {
        if (child->role == TX_ROLE_VAULT)
            tx_tasks_vault_ended(s);
        return tx_stop_advance(s);
    }
    if (is_wanted(s, child, wait_status) || is_done_with(s, child)) {
        child->state = TX_CHILD_ENDED;
        return tx_stop_advance(s);
    }
    if (child->role == TX_ROLE_LEDGER || child->role == TX_ROLE_SIGNER)
        r = end_of_pair(s, child, wait_status);
    else
        r = end_single(s, child, wait_status);
    if (r >= 0)
        tx_supervisor_tell_when_ready(s); /* forward may have been the last one awaited */
    return r < 0 ? r : tx_stop_advance(s);
}

int tx_ends_init(struct tx_supervisor *s) {
    int r = 0;
    for (int i = 0; r >= 0 && i < TX_STREAM_N; i++) {
        s->pairs[i] = (struct tx_pair){.supervisor = s, .stream = (enum tx_stream_id)i};
        r = tx_loop_add_timer(s->loop, on_partner_late, &s->pairs[i], &s->pairs[i].partner_timer);
    }
    return r;
}
