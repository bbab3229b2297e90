/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/supervisor.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/supervisor/activated.h"
#include "auditd/supervisor/arguments.h"
#include "auditd/supervisor/ends.h"
#include "auditd/supervisor/streams.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

/* As many connections as are taken before other events have their turn. */
#define ACCEPTS_PER_ROUND 64

/* --- connections --- */

static int hand(struct tx_supervisor *s, struct tx_connection *connection) {
    struct tx_text identity = {.p = (const char *)connection->identity,
                               .n = connection->n_identity};
    tx_connections_mark_handed(&s->accept.connections, connection);
    return tx_child_send(tx_supervisor_child(s, TX_CHILD_INGEST), TX_CONTROL_CONNECTION,
                         connection->id, identity, connection->fd);
}

static int hand_ring(struct tx_supervisor *s, struct tx_ring *ring) {
    struct tx_text what = {.p = (const char *)ring->text, .n = ring->n_text};

    tx_rings_mark_handed(&s->rings, ring);
    return tx_child_send(tx_supervisor_child(s, TX_CHILD_INGEST), TX_CONTROL_RING, ring->id, what,
                         ring->fd);
}

/* Each behind the connection over which it came. */
static int hand_rings(struct tx_supervisor *s) {
    struct tx_child *ingest = tx_supervisor_child(s, TX_CHILD_INGEST);
    int r = 0;

    while (r >= 0 && tx_child_runs(ingest) && !tx_child_is_full(ingest)) {
        struct tx_ring *next = tx_rings_next_unhanded(&s->rings);
        if (!next)
            break;
        r = hand_ring(s, next);
    }
    return r;
}

static int tell_given(struct tx_supervisor *s, struct tx_child *ingest) {
    if (s->connections_given || !tx_child_runs(ingest) || s->accept.connections.n_unhanded > 0 ||
        s->rings.n_unhanded > 0)
        return 0;
    s->connections_given = true;
    return tx_child_send(ingest, TX_CONTROL_CONNECTIONS_GIVEN, 0, (struct tx_text){0}, -1);
}

int tx_supervisor_hand_over(struct tx_supervisor *s) {
    struct tx_child *ingest = tx_supervisor_child(s, TX_CHILD_INGEST);
    int r = 0;

    while (r >= 0 && tx_child_runs(ingest) && !tx_child_is_full(ingest)) {
        struct tx_connection *next = tx_connections_next_unhanded(&s->accept.connections);
        if (!next)
            break;
        r = hand(s, next);
    }
    if (r >= 0)
        r = hand_rings(s);
    return r < 0 ? r : tell_given(s, ingest);
}

static int on_listener(void *data, uint32_t events) {
    struct tx_supervisor *s = data;
    int64_t since = tx_clock_boot();

    (void)events;
    for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
        struct tx_connection *connection;
        int r = tx_accept_one(&s->accept, s->listener.fd, since, &connection);
        if (r == -EAGAIN)
            return 0;
        if (r < 0)
            return r;
        r = tx_supervisor_hand_over(s);
        if (r < 0)
            return r;
    }
    return 0;
}

int tx_supervisor_listen(struct tx_supervisor *s) {
    tx_loop_remove(s->loop, s->listener_source);
    s->listener_source = NULL;
    return tx_loop_add(s->loop, s->listener.fd, EPOLLIN, on_listener, s, &s->listener_source);
}

/* --- children: what they get --- */

static int prepare(void *data, struct tx_child *child, struct tx_spawn *spawn, char **argv,
                   size_t n_argv) {
    struct tx_supervisor *s = data;
    struct tx_links *links = &s->links[child->stream];
    int r = 0;

    if (child->role == TX_ROLE_SIGNER || child->role == TX_ROLE_LEDGER)
        r = tx_links_need_notary(links,
                                 child->role == TX_ROLE_SIGNER ? TX_LINK_SIGNER : TX_LINK_LEDGER);
    if (r >= 0 && (child->role == TX_ROLE_INGEST || child->role == TX_ROLE_LEDGER))
        r = tx_links_need_bodies(links,
                                 child->role == TX_ROLE_INGEST ? TX_LINK_INGEST : TX_LINK_LEDGER);
    if (r < 0)
        return r;
    tx_arguments_descriptors(&s->setup, s->links, child, spawn);
    return tx_arguments_options(s->conf, &s->setup, s->options->config, child, argv, n_argv);
}

/* The other end of a new stream goes to the side that runs already. */
static int offer_stream(struct tx_supervisor *s, enum tx_stream_id stream, enum tx_child_role to) {
    bool to_ingest = to == TX_ROLE_INGEST;
    int *end = &s->links[stream].bodies.ends[to_ingest ? TX_LINK_INGEST : TX_LINK_LEDGER];
    struct tx_child *child = to_ingest ? tx_supervisor_child(s, TX_CHILD_INGEST)
                                       : tx_supervisor_child_of(s, TX_ROLE_LEDGER, stream);

    if (*end < 0 || !tx_child_runs(child))
        return 0;
    int r = tx_child_send(child, to_ingest ? TX_CONTROL_LEDGER : TX_CONTROL_INGEST,
                          (uint64_t)stream, (struct tx_text){0}, *end);
    tx_fd_closep(end);
    return r;
}

int tx_supervisor_link(struct tx_supervisor *s, enum tx_stream_id stream) {
    int r = tx_links_need_bodies(&s->links[stream], TX_LINK_INGEST);
    if (r >= 0)
        r = offer_stream(s, stream, TX_ROLE_INGEST);
    return r < 0 ? r : offer_stream(s, stream, TX_ROLE_LEDGER);
}

static int ledger_started(struct tx_supervisor *s, enum tx_stream_id stream) {
    tx_fd_closep(&s->links[stream].notary.ends[TX_LINK_LEDGER]);
    tx_fd_closep(&s->links[stream].bodies.ends[TX_LINK_LEDGER]);
    return offer_stream(s, stream, TX_ROLE_INGEST);
}

static int ingest_started(struct tx_supervisor *s) {
    tx_fd_closep(&s->links[TX_STREAM_AUDIT].bodies.ends[TX_LINK_INGEST]);
    int r = offer_stream(s, TX_STREAM_AUDIT, TX_ROLE_LEDGER);
    if (r >= 0)
        r = tx_streams_offer(s);
    tx_connections_unhand_all(&s->accept.connections);
    tx_rings_unhand_all(&s->rings);
    s->connections_given = false;
    return r < 0 ? r : tx_supervisor_hand_over(s);
}

static int started(void *data, struct tx_child *child) {
    struct tx_supervisor *s = data;
    int r = 0;

    tx_keep_child(&s->keep, child->name, child->pidfd);
    if (child->role == TX_ROLE_SIGNER)
        tx_fd_closep(&s->links[child->stream].notary.ends[TX_LINK_SIGNER]);
    if (child->role == TX_ROLE_LEDGER)
        r = ledger_started(s, child->stream);
    if (child->role == TX_ROLE_INGEST)
        r = ingest_started(s);
    if (r >= 0 && (child->role == TX_ROLE_INGEST || child->role == TX_ROLE_VAULT))
        r = tx_tasks_link(s, child->id);
    return r < 0 ? r : tx_stop_advance(s);
}

static int drained(void *data, struct tx_child *child) {
    struct tx_supervisor *s = data;
    if (child->role != TX_ROLE_INGEST)
        return 0;
    int r = tx_supervisor_hand_over(s);
    return r < 0 ? r : tx_stop_advance(s);
}

/* --- children: what they say --- */

static void tell_weakness(const struct tx_child *child) {
    static const struct {
        const char *sign, *what;
    } walls[] = {{"\"landlock\":false", "Landlock (the kernel lacks it)"},
                 {"\"seccomp\":false", "seccomp (the kernel lacks it)"}};
    for (size_t i = 0; i < TX_COUNT_OF(walls); i++)
        if (child->restarts == 0 && child->report.len > 0 &&
            memmem(child->report.data, child->report.len, walls[i].sign, strlen(walls[i].sign)))
            tx_log(TX_LOG_WARNING, "tracex-%s runs without %s", child->name, walls[i].what);
}

static bool may_be_awaited(const struct tx_supervisor *s, enum tx_child_id id) {
    const struct tx_child *child = &s->children.all[id];
    if (child->state == TX_CHILD_READY)
        return false;
    /* These hold up nothing when they cannot start. */
    return (child->role != TX_ROLE_FORWARD && child->role != TX_ROLE_VAULT &&
            !tx_streams_is_other(child)) ||
           (child->state == TX_CHILD_STARTING && child->restarts == 0);
}

void tx_supervisor_tell_when_ready(struct tx_supervisor *s) {
    for (int i = 0; i < TX_CHILD_N; i++)
        if (may_be_awaited(s, (enum tx_child_id)i))
            return;
    if (s->ready || tx_stop_is_under_way(&s->stop))
        return;
    s->ready = true;
    tx_log(TX_LOG_NOTICE, "ready: origin %s, log %s, socket %s%s",
           s->setup.streams[TX_STREAM_AUDIT].origin, s->conf->streams[TX_STREAM_AUDIT].log_dir,
           s->conf->socket_path,
           s->policy.lockdown_why ? "; LOCKDOWN: every string is masked" : "");
    tx_notify_status(&s->notify,
                     s->policy.lockdown_why ? "ready; LOCKDOWN: every string is masked" : "ready");
    tx_notify_ready(&s->notify);
}

/* A restart would end in the same way: a person has to decide. */
static int on_fatal(struct tx_supervisor *s, struct tx_child *child, const struct tx_control *m) {
    struct tx_text why = m->payload;
    tx_log(TX_LOG_ERROR, "tracex-%s cannot go on: %.*s", child->name, (int)why.n, why.p);
    /* Once it could be written, it may be so again: the ledger ends and is tried anew. */
    if (m->argument == TX_FATAL_DIRECTORY && s->ready)
        return 0;
    if (tx_streams_is_other(child))
        tx_streams_fail(s, child);
    child->state = TX_CHILD_FAILED;
    if (tx_streams_is_other(child) || child->role == TX_ROLE_FORWARD ||
        child->role == TX_ROLE_VAULT) {
        tx_supervisor_tell_when_ready(s); /* all others may have been ready before */
        return 0;
    }
    s->exit_code = m->argument == TX_FATAL_HALT        ? TX_EXIT_HALT
                   : m->argument == TX_FATAL_DIRECTORY ? TX_EXIT_FAILURE
                                                       : TX_EXIT_FATAL;
    return tx_stop_now(s);
}

/* What was loosened is recorded, unless that was done. */
static int on_ingest_ready(struct tx_supervisor *s) {
    int r = tx_last_policy_started(s);
    return r < 0 ? r : tx_last_policy_tell_ingest(s);
}

/* One that is none, or whose client is gone already, is forgotten; one too many is given back for
 * its client to be told. */
static int on_ring_found(struct tx_supervisor *s, struct tx_child *ingest, struct tx_control *m) {
    const struct tx_connection *connection =
        tx_connections_find(&s->accept.connections, m->argument);

    if (!connection || m->fd < 0 || m->payload.n != 8)
        return 0;
    int r = tx_rings_add(&s->rings, m->fd, connection, (const uint8_t *)m->payload.p);
    if (r == TX_RINGS_E_MANY)
        return tx_child_send(ingest, TX_CONTROL_RING, 0, (struct tx_text){0}, m->fd);
    if (r < 0)
        return 0;
    m->fd = -1;
    return tx_supervisor_hand_over(s);
}

static int message(void *data, struct tx_child *child, struct tx_control *m) {
    struct tx_supervisor *s = data;

    switch (m->type) {
    case TX_CONTROL_READY:
        tell_weakness(child);
        tx_supervisor_tell_when_ready(s);
        return child->role == TX_ROLE_INGEST ? on_ingest_ready(s) : 0;
    case TX_CONTROL_CLOSED:
        if (child->role == TX_ROLE_INGEST)
            tx_accept_close(&s->accept, m->argument);
        return 0;
    case TX_CONTROL_RING_FOUND:
        return child->role == TX_ROLE_INGEST ? on_ring_found(s, child, m) : 0;
    case TX_CONTROL_RING_ENDED:
        if (child->role == TX_ROLE_INGEST)
            tx_rings_remove(&s->rings, m->argument);
        return 0;
    case TX_CONTROL_RELOADED:
        return child->role == TX_ROLE_INGEST ? tx_reload_answered(s, m->payload) : 0;
    case TX_CONTROL_ERASED:
        return child->role == TX_ROLE_VAULT ? tx_tasks_on_erased(s, m) : 0;
    case TX_CONTROL_RECORDED:
        if (child->role != TX_ROLE_INGEST)
            return 0;
        tx_last_policy_recorded(s, m->argument);
        return tx_tasks_on_recorded(s, m->argument);
    case TX_CONTROL_END_RECORDED:
        if (child->id == TX_CHILD_LEDGER)
            tx_health_end_recorded(s, m->payload);
        return 0;
    case TX_CONTROL_STREAM_WANTED:
        return child->role == TX_ROLE_INGEST ? tx_streams_want(s, m->argument) : 0;
    case TX_CONTROL_FATAL:
        return on_fatal(s, child, m);
    default:
        return 0; /* STOPPED: its end follows */
    }
}

static int status(void *data, struct tx_child *child) {
    (void)child;
    return tx_control_server_status(data);
}

static const struct tx_children_events events = {
    .prepare = prepare,
    .started = started,
    .message = message,
    .status = status,
    .drained = drained,
    .ended = tx_ends_of_child,
};

/* --- signals --- */

static int on_signal(void *data, uint32_t epoll_events) {
    struct tx_supervisor *s = data;
    struct signalfd_siginfo info;

    (void)epoll_events;
    if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
        return 0;
    if (info.ssi_signo == SIGHUP)
        return tx_reload_by_signal(s);
    if (tx_stop_is_under_way(&s->stop)) {
        tx_log(TX_LOG_WARNING, "told to end a second time: what is left is not drained");
        s->exit_code = TX_EXIT_UNCLEAN;
        return tx_stop_now(s);
    }
    return tx_stop_begin(s);
}

static int watch_signals(struct tx_supervisor *s) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signal_fd < 0)
        return -errno;
    return tx_loop_add(s->loop, s->signal_fd, EPOLLIN, on_signal, s, &s->signal_source);
}

/* --- start --- */

static int open_listener(const char *key, const char *path, mode_t mode,
                         struct tx_listener *listener) {
    int r = tx_listener_open(path, mode, listener);
    if (r == -EADDRINUSE)
        tx_log(TX_LOG_ERROR, "%s: somebody listens on %s; stop that daemon, or choose another path",
               key, path);
    else if (r == -EEXIST)
        tx_log(TX_LOG_ERROR, "%s: %s is not a socket; remove it, or choose another path", key,
               path);
    else if (r == -ENAMETOOLONG)
        tx_log(TX_LOG_ERROR, "%s: %s is longer than a socket's path may be (107 bytes)", key, path);
    else if (r < 0)
        tx_log(TX_LOG_ERROR, "%s: %s: %s", key, path, strerror(-r));
    return r;
}

static int find_programs(struct tx_supervisor *s) {
    for (int i = 0; i < TX_CHILD_N; i++) {
        struct tx_child *child = tx_supervisor_child(s, (enum tx_child_id)i);
        if (child->role == TX_ROLE_FORWARD && !s->conf->streams[child->stream].journald_enabled)
            continue;
        int r = tx_child_find(child);
        if (r >= 0 || (child->role == TX_ROLE_VAULT && !tx_setup_wants_vault(s->conf, &s->setup)))
            continue;
        tx_log(TX_LOG_ERROR,
               "tracex-%s is neither beside tracex-auditd nor in %s; install TraceX completely",
               child->name, TX_LIBEXECDIR);
        if (child->role != TX_ROLE_FORWARD)
            return r;
        child->state = TX_CHILD_FAILED;
    }
    return 0;
}

static int start_children(struct tx_supervisor *s) {
    for (int i = 0; i < TX_CHILD_N; i++) {
        struct tx_child *child = tx_supervisor_child(s, (enum tx_child_id)i);
        if (!tx_streams_wants(s, child))
            continue;
        if (child->role == TX_ROLE_VAULT && !tx_setup_wants_vault(s->conf, &s->setup))
            continue;
        int r = tx_child_start_process(child);
        if (r < 0 && tx_streams_is_other(child) && r != -ENOMEM)
            r = 0;
        if (r < 0) {
            tx_log(TX_LOG_ERROR, "tracex-%s cannot be started: %s", child->name, strerror(-r));
            return r;
        }
    }
    return 0;
}

static int open_sockets(struct tx_supervisor *s) {
    int r = open_listener("socket.path", s->conf->socket_path, s->conf->socket_mode, &s->listener);
    if (r < 0)
        return r;
    r = open_listener("control.path", s->conf->control_path, s->conf->control_mode,
                      &s->control.listener);
    if (r < 0)
        return r;
    r = tx_accept_init(&s->accept, &s->conf->durability, 0, 0);
    if (r == 0)
        r = tx_accept_keep(&s->accept, &s->keep);
    if (r == 0)
        r = tx_rings_keep(&s->rings, &s->keep);
    if (r < 0)
        return r;
    tx_activated_deinit();
    r = tx_supervisor_listen(s);
    return r < 0 ? r : tx_control_server_start(s);
}

int tx_supervisor_start(struct tx_supervisor *s) {
    s->started_ns = tx_clock_boot();
    for (int i = 0; i < TX_STREAM_N; i++)
        s->links[i] = TX_LINKS_INIT;
    int r = tx_loop_new(&s->loop);
    if (r >= 0)
        r = tx_children_init(&s->children, s->loop, &events, s);
    if (r >= 0)
        r = tx_ends_init(s);
    if (r >= 0)
        r = tx_stop_init(s);
    if (r >= 0)
        r = watch_signals(s);
    if (r >= 0)
        r = find_programs(s);
    if (r >= 0)
        r = open_sockets(s);
    if (r >= 0)
        r = tx_sandbox_enter_parent(&s->report);
    if (r >= 0)
        r = tx_health_init(s);
    tx_notify_init(&s->notify);
    return r < 0 ? r : start_children(s);
}

void tx_supervisor_deinit(struct tx_supervisor *s) {
    if (!s->loop)
        return;
    tx_reload_deinit(s);
    tx_children_deinit(&s->children);
    tx_tasks_deinit(&s->tasks);
    for (int i = 0; i < TX_STREAM_N; i++) {
        tx_link_drop(&s->links[i].bodies);
        tx_link_drop(&s->links[i].notary);
        tx_loop_remove(s->loop, s->pairs[i].partner_timer);
    }
    if (s->control.source)
        tx_control_server_stop(s);
    tx_listener_close(&s->control.listener);
    tx_loop_remove(s->loop, s->listener_source);
    tx_listener_close(&s->listener);
    tx_accept_deinit(&s->accept);
    tx_rings_deinit(&s->rings);
    tx_keep_deinit(&s->keep);
    tx_loop_remove(s->loop, s->stop.timer);
    tx_loop_remove(s->loop, s->stop.rest_timer);
    tx_loop_remove(s->loop, s->health.timer);
    tx_loop_remove(s->loop, s->signal_source);
    tx_fd_closep(&s->signal_fd);
    tx_loop_free(s->loop);
}
