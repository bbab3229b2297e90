/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/stop.h"

#include <stdio.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/streams.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/clock.h"

#define SECOND_NS INT64_C(1000000000)

static bool is_gone(const struct tx_supervisor *s, enum tx_child_id id) {
    enum tx_child_state state = s->children.all[id].state;
    return state == TX_CHILD_OFF || state == TX_CHILD_ENDED || state == TX_CHILD_FAILED;
}

static int send_stop(struct tx_child *child) {
    if (!tx_child_runs(child) || child->stopping)
        return 0;
    child->stopping = true;
    return tx_child_send(child, TX_CONTROL_STOP, 0, (struct tx_text){0}, -1);
}

static bool are_gone(const struct tx_supervisor *s, enum tx_child_role role) {
    for (int i = 0; i < TX_CHILD_N; i++)
        if (s->children.all[i].role == role && !is_gone(s, (enum tx_child_id)i))
            return false;
    return true;
}

static int send_stop_to_all(struct tx_supervisor *s, enum tx_child_role role) {
    int r = 0;
    for (int i = 0; r >= 0 && i < TX_CHILD_N; i++)
        if (s->children.all[i].role == role)
            r = send_stop(&s->children.all[i]);
    return r;
}

/* No audit record depends on it. */
static bool is_of_rest(const struct tx_child *child) {
    return child->role == TX_ROLE_FORWARD || child->role == TX_ROLE_VAULT ||
           tx_streams_is_other(child);
}

static int on_deadline(void *data, uint32_t events) {
    struct tx_supervisor *s = data;
    char left[128] = "";
    size_t n = 0;

    (void)events;
    for (int i = 0; i < TX_CHILD_N; i++)
        if (!is_gone(s, (enum tx_child_id)i) && !is_of_rest(&s->children.all[i]) &&
            n < sizeof(left))
            n += (size_t)snprintf(left + n, sizeof(left) - n, " %s (%s)", s->children.all[i].name,
                                  tx_child_state_name(s->children.all[i].state));
    if (n == 0) {
        tx_log(TX_LOG_WARNING,
               "another log than the audit log does not end: what it had not written "
               "by now is lost");
        return tx_stop_now(s);
    }
    tx_log(TX_LOG_ERROR,
           "not everything was drained within %d seconds; still there:%s, with %zu connections. "
           "Clients keep what was not acknowledged and send it again",
           TX_STOP_SECONDS, left, s->accept.connections.n_open);
    s->exit_code = TX_EXIT_UNCLEAN;
    return tx_stop_now(s);
}

static int on_rest_deadline(void *data, uint32_t events) {
    struct tx_supervisor *s = data;
    (void)events;
    if (!are_gone(s, TX_ROLE_FORWARD))
        tx_log(TX_LOG_NOTICE,
               "forward did not finish its last pass; it goes on at its cursor later");
    if (!is_gone(s, TX_CHILD_VAULT))
        tx_log(TX_LOG_NOTICE, "the vault does not end when it is told; all that it has answered is "
                              "on disk");
    return tx_stop_now(s);
}

int tx_stop_init(struct tx_supervisor *s) {
    int r = tx_loop_add_timer(s->loop, on_deadline, s, &s->stop.timer);
    if (r < 0)
        return r;
    return tx_loop_add_timer(s->loop, on_rest_deadline, s, &s->stop.rest_timer);
}

static void close_listeners(struct tx_supervisor *s) {
    tx_loop_remove(s->loop, s->listener_source);
    s->listener_source = NULL;
    tx_listener_close(&s->listener);
}

int tx_stop_begin(struct tx_supervisor *s) {
    if (tx_stop_is_under_way(&s->stop))
        return 0;
    s->stop.phase = TX_STOP_INGEST;
    tx_notify_stopping(&s->notify);
    close_listeners(s);
    int r = tx_loop_set_timer(s->stop.timer, tx_clock_boot() + TX_STOP_SECONDS * SECOND_NS, 0);
    return r < 0 ? r : tx_stop_advance(s);
}

int tx_stop_now(struct tx_supervisor *s) {
    if (s->stop.phase == TX_STOP_NONE) {
        tx_notify_stopping(&s->notify);
        close_listeners(s);
    }
    s->stop.phase = TX_STOP_DONE;
    tx_loop_stop(s->loop); /* what still runs is killed when the table of children goes */
    return 0;
}

/* STOP comes after the connections whose records it is to drain. */
static int advance_ingest(struct tx_supervisor *s) {
    if ((s->accept.connections.n_unhanded > 0 || s->rings.n_unhanded > 0) &&
        !is_gone(s, TX_CHILD_INGEST))
        return 0;
    return send_stop(tx_supervisor_child(s, TX_CHILD_INGEST));
}

static int advance_rest(struct tx_supervisor *s) {
    for (int i = 0; i < TX_CHILD_N; i++)
        if (tx_child_runs(tx_supervisor_child(s, (enum tx_child_id)i)))
            return 0;
    s->stop.phase = TX_STOP_DONE;
    tx_loop_stop(s->loop);
    return 0;
}

/* Nothing is left for one that waits for its restart. */
static void forgo_restarts(struct tx_supervisor *s) {
    for (int i = 0; i < TX_CHILD_N; i++) {
        struct tx_child *child = tx_supervisor_child(s, (enum tx_child_id)i);
        if (child->state == TX_CHILD_WAITING)
            child->state = TX_CHILD_ENDED;
    }
}

static int enter_rest(struct tx_supervisor *s) {
    s->stop.phase = TX_STOP_REST;
    forgo_restarts(s);
    int r = send_stop_to_all(s, TX_ROLE_FORWARD);
    if (r >= 0)
        r = send_stop_to_all(s, TX_ROLE_SIGNER);
    if (r >= 0)
        r = send_stop_to_all(s, TX_ROLE_VAULT);
    if (r < 0)
        return r;
    return tx_loop_set_timer(s->stop.rest_timer, tx_clock_boot() + TX_STOP_REST_SECONDS * SECOND_NS,
                             0);
}

/* Those of other logs that wait to be started again are not waited for. */
static int enter_ledger(struct tx_supervisor *s) {
    s->stop.phase = TX_STOP_LEDGER;
    for (int i = 0; i < TX_CHILD_N; i++)
        if (tx_streams_is_other(&s->children.all[i]) &&
            s->children.all[i].state == TX_CHILD_WAITING)
            s->children.all[i].state = TX_CHILD_ENDED;
    return tx_health_tell_ledger(s);
}

int tx_stop_advance(struct tx_supervisor *s) {
    int r = 0;

    if (s->stop.phase == TX_STOP_INGEST) {
        if (!is_gone(s, TX_CHILD_INGEST))
            return advance_ingest(s);
        r = enter_ledger(s);
    }
    if (r >= 0 && s->stop.phase == TX_STOP_LEDGER) {
        if (!are_gone(s, TX_ROLE_LEDGER))
            return send_stop_to_all(s, TX_ROLE_LEDGER);
        r = enter_rest(s);
    }
    if (r >= 0 && s->stop.phase == TX_STOP_REST)
        r = advance_rest(s);
    return r;
}
