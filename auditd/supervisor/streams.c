/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/streams.h"

#include <string.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/supervisor.h"

bool tx_streams_wants(const struct tx_supervisor *s, const struct tx_child *child) {
    if (child->role == TX_ROLE_FORWARD &&
        (!s->conf->streams[child->stream].journald_enabled || child->program[0] == '\0'))
        return false;
    return !tx_streams_is_other(child) || tx_setup_has_log(&s->setup, child->stream);
}

static int start(struct tx_supervisor *s, enum tx_child_role role, enum tx_stream_id stream) {
    struct tx_child *child = tx_supervisor_child_of(s, role, stream);

    if (child->state != TX_CHILD_OFF || child->program[0] == '\0')
        return 0;
    int r = tx_child_start_process(child);
    if (r < 0)
        tx_log(TX_LOG_ERROR, "tracex-%s cannot be started: %s", child->name, strerror(-r));
    return r == -ENOMEM ? r : 0;
}

static int start_all(struct tx_supervisor *s, enum tx_stream_id stream) {
    int r = start(s, TX_ROLE_SIGNER, stream);
    if (r >= 0)
        r = start(s, TX_ROLE_LEDGER, stream);
    if (r >= 0 && s->conf->streams[stream].journald_enabled)
        r = start(s, TX_ROLE_FORWARD, stream);
    return r;
}

int tx_streams_want(struct tx_supervisor *s, uint64_t stream) {
    enum tx_stream_id id = (enum tx_stream_id)stream;

    if (stream >= TX_STREAM_N || !s->setup.streams[id].is_open || tx_stop_is_under_way(&s->stop))
        return 0;
    struct tx_child *ledger = tx_supervisor_child_of(s, TX_ROLE_LEDGER, id);
    if (ledger->state == TX_CHILD_OFF)
        return start_all(s, id);
    return tx_child_runs(ledger) ? tx_supervisor_link(s, id) : 0;
}

int tx_streams_offer(struct tx_supervisor *s) {
    int r = 0;
    for (int i = TX_STREAM_AUDIT + 1; r >= 0 && i < TX_STREAM_N; i++)
        if (tx_child_runs(tx_supervisor_child_of(s, TX_ROLE_LEDGER, (enum tx_stream_id)i)))
            r = tx_supervisor_link(s, (enum tx_stream_id)i);
    return r;
}

void tx_streams_fail(struct tx_supervisor *s, struct tx_child *child) {
    child->state = TX_CHILD_FAILED;
    if (child->role == TX_ROLE_FORWARD)
        return;
    struct tx_child *other = tx_supervisor_child_of(
        s, child->role == TX_ROLE_LEDGER ? TX_ROLE_SIGNER : TX_ROLE_LEDGER, child->stream);
    other->state = TX_CHILD_FAILED;
    tx_child_kill(other);
    tx_log(TX_LOG_ERROR, "the %s log takes no records until the daemon is started again",
           tx_stream_name(child->stream));
}
