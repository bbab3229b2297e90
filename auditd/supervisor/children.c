/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/children.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define SECOND_NS INT64_C(1000000000)

/* A child that lived this long has left its crash loop. */
#define STABLE_NS (10 * SECOND_NS)
/* So many crashes in a row are still mended at once. */
#define FREE_CRASHES 3
#define BACKOFF_MAX_NS (30 * SECOND_NS)

struct tx_outgoing {
    struct tx_outgoing *next;
    struct tx_control message;
    char payload[];
};

static const char *const programs[TX_ROLE_N] = {
    [TX_ROLE_SIGNER] = "signer", [TX_ROLE_LEDGER] = "ledger",   [TX_ROLE_VAULT] = "vault",
    [TX_ROLE_INGEST] = "ingest", [TX_ROLE_FORWARD] = "forward",
};

static const struct {
    enum tx_child_role role;
    enum tx_stream_id stream;
    const char *name;
} kinds[TX_CHILD_N] = {
    [TX_CHILD_SIGNER] = {TX_ROLE_SIGNER, TX_STREAM_AUDIT, "signer"},
    [TX_CHILD_LEDGER] = {TX_ROLE_LEDGER, TX_STREAM_AUDIT, "ledger"},
    [TX_CHILD_VAULT] = {TX_ROLE_VAULT, TX_STREAM_AUDIT, "vault"},
    [TX_CHILD_INGEST] = {TX_ROLE_INGEST, TX_STREAM_AUDIT, "ingest"},
    [TX_CHILD_FORWARD] = {TX_ROLE_FORWARD, TX_STREAM_AUDIT, "forward"},
    [TX_CHILD_TRACE_SIGNER] = {TX_ROLE_SIGNER, TX_STREAM_TRACE, "trace-signer"},
    [TX_CHILD_TRACE_LEDGER] = {TX_ROLE_LEDGER, TX_STREAM_TRACE, "trace-ledger"},
    [TX_CHILD_TRACE_FORWARD] = {TX_ROLE_FORWARD, TX_STREAM_TRACE, "trace-forward"},
};

enum tx_child_id tx_child_of_stream(enum tx_child_role role, enum tx_stream_id stream) {
    int i = 0;
    while (kinds[i].role != role || kinds[i].stream != stream)
        i++;
    return (enum tx_child_id)i;
}

const char *tx_child_state_name(enum tx_child_state state) {
    static const char *const state_names[] = {
        [TX_CHILD_OFF] = "off",     [TX_CHILD_STARTING] = "starting",
        [TX_CHILD_READY] = "ready", [TX_CHILD_WAITING] = "waiting",
        [TX_CHILD_ENDED] = "ended", [TX_CHILD_FAILED] = "failed",
    };
    return state_names[state];
}

static int on_restart_timer(void *data, uint32_t events) {
    struct tx_child *child = data;
    (void)events;
    if (child->state != TX_CHILD_WAITING)
        return 0;
    int r = tx_child_start_process(child);
    if (r >= 0 || tx_child_runs(child))
        return r;
    /* For want of memory, processes or descriptors: the others go on. */
    tx_log(TX_LOG_ERROR, "tracex-%s cannot be started: %s; it is tried again", child->name,
           strerror(-r));
    return tx_child_restart_after(child, SECOND_NS);
}

int tx_children_init(struct tx_children *children, struct tx_loop *loop,
                     const struct tx_children_events *events, void *data) {
    *children = (struct tx_children){.loop = loop, .events = events, .data = data};
    for (int i = 0; i < TX_CHILD_N; i++) {
        struct tx_child *child = &children->all[i];
        child->children = children;
        child->id = (enum tx_child_id)i;
        child->role = kinds[i].role;
        child->stream = kinds[i].stream;
        child->name = kinds[i].name;
        child->pidfd = child->control_fd = -1;
        int r = tx_loop_add_timer(loop, on_restart_timer, child, &child->restart_timer);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A message may say who a person is. */
static void drop_first(struct tx_child *child) {
    struct tx_outgoing *first = child->outgoing;
    child->outgoing = first->next;
    tx_fd_closep(&first->message.fd);
    explicit_bzero(first->payload, first->message.payload.n);
    free(first);
}

static void drop_outgoing(struct tx_child *child) {
    while (child->outgoing)
        drop_first(child);
}

/* Forgets a process that is gone. */
static void clear_process(struct tx_child *child) {
    tx_loop_remove(child->children->loop, child->exit_source);
    tx_loop_remove(child->children->loop, child->control_source);
    child->exit_source = child->control_source = NULL;
    tx_fd_closep(&child->pidfd);
    tx_fd_closep(&child->control_fd);
    drop_outgoing(child);
    child->pid = 0;
    child->status_pending = false;
}

void tx_children_deinit(struct tx_children *children) {
    for (int i = 0; i < TX_CHILD_N; i++) {
        struct tx_child *child = &children->all[i];
        if (tx_child_runs(child)) {
            tx_child_kill(child);
            waitpid(child->pid, NULL, 0);
            clear_process(child);
        }
        if (child->restart_timer)
            tx_loop_remove(children->loop, child->restart_timer);
        tx_bytes_deinit(&child->report);
        tx_bytes_deinit(&child->status);
    }
}

int tx_child_find(struct tx_child *child) {
    return tx_spawn_find(programs[child->role], child->program);
}

/* --- sending --- */

static int queue(struct tx_child *child, const struct tx_control *message) {
    struct tx_outgoing **last = &child->outgoing;
    if (!child->control_source) /* nothing is read of it, or said to it, any more */
        return 0;
    struct tx_outgoing *item = malloc(sizeof(*item) + message->payload.n);
    if (!item)
        return -ENOMEM;
    item->next = NULL;
    item->message = *message;
    item->message.fd = -1;
    if (message->fd >= 0) {
        item->message.fd = fcntl(message->fd, F_DUPFD_CLOEXEC, 0);
        if (item->message.fd < 0) {
            int r = -errno;
            free(item);
            return r;
        }
    }
    if (message->payload.n)
        memcpy(item->payload, message->payload.p, message->payload.n);
    item->message.payload.p = item->payload;
    while (*last)
        last = &(*last)->next;
    *last = item;
    return tx_loop_modify(child->children->loop, child->control_source, EPOLLIN | EPOLLOUT);
}

static int flush(struct tx_child *child) {
    while (child->outgoing) {
        int r = tx_control_send(child->control_fd, &child->outgoing->message);
        if (r == -EAGAIN)
            return 0;
        if (r == -EPIPE) { /* its end is about to be told */
            drop_outgoing(child);
            break;
        }
        if (r < 0)
            return r;
        drop_first(child);
    }
    int r = tx_loop_modify(child->children->loop, child->control_source, EPOLLIN);
    return r < 0 ? r : child->children->events->drained(child->children->data, child);
}

int tx_child_send(struct tx_child *child, enum tx_control_type type, uint64_t argument,
                  struct tx_text payload, int fd) {
    struct tx_control message = {.type = type, .argument = argument, .payload = payload, .fd = fd};
    if (!tx_child_runs(child))
        return 0;
    if (child->outgoing)
        return queue(child, &message);
    int r = tx_control_send(child->control_fd, &message);
    if (r == -EAGAIN)
        return queue(child, &message);
    return r == -EPIPE ? 0 : r;
}

/* --- receiving --- */

static int keep(struct tx_bytes *b, struct tx_text payload) {
    b->len = 0;
    return tx_bytes_append(b, payload.p, payload.n);
}

static int take_pong(struct tx_child *child, const struct tx_control *message) {
    struct tx_control_progress progress = {.done = 0};
    int64_t now = tx_clock_boot();

    if (message->payload.n > 0 && tx_control_progress_parse(message->payload, &progress) < 0)
        return 0;
    child->pong_received = message->argument;
    child->pong_ns = now;
    if (!progress.has_work || !child->has_work || progress.done != child->done)
        child->progress_ns = now;
    child->has_work = progress.has_work;
    child->done = progress.done;
    return 0;
}

static int take_message(struct tx_child *child, struct tx_control *message) {
    const struct tx_children_events *events = child->children->events;
    void *data = child->children->data;
    int r;

    switch (message->type) {
    case TX_CONTROL_PONG:
        return take_pong(child, message);
    case TX_CONTROL_STATUS:
        child->status_pending = false;
        r = keep(&child->status, message->payload);
        return r < 0 ? r : events->status(data, child);
    case TX_CONTROL_READY:
        child->state = TX_CHILD_READY;
        child->pong_ns = child->progress_ns = tx_clock_boot();
        r = keep(&child->report, message->payload);
        return r < 0 ? r : events->message(data, child, message);
    case TX_CONTROL_STOPPED:
        child->stopped = true;
        return events->message(data, child, message);
    default:
        return events->message(data, child, message);
    }
}

/* Everything that is there. *ret_closed: no more will come. */
static int receive_all(struct tx_child *child, bool *ret_closed) {
    *ret_closed = false;
    for (;;) {
        struct tx_children *children = child->children;
        struct tx_control message;
        int r = tx_control_receive(child->control_fd, children->memory, sizeof(children->memory),
                                   &message);
        if (r == -EAGAIN)
            return 0;
        if (r == TX_CONTROL_E_CLOSED) {
            *ret_closed = true;
            return 0;
        }
        if (r < 0) {
            tx_child_kill(child); /* it does not speak as it should */
            *ret_closed = true;
            return 0;
        }
        r = take_message(child, &message);
        tx_fd_closep(&message.fd); /* unless it was taken */
        if (r < 0)
            return r;
    }
}

static int on_control(void *data, uint32_t events) {
    struct tx_child *child = data;
    bool closed = false;
    int r = 0;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        r = receive_all(child, &closed);
    if (r >= 0 && (events & EPOLLOUT) && !closed)
        r = flush(child);
    if (r >= 0 && closed) {
        /* The pidfd tells of its end; a child that lives on without us is of no use. */
        tx_loop_remove(child->children->loop, child->control_source);
        child->control_source = NULL;
    }
    return r;
}

static int on_exit_event(void *data, uint32_t events) {
    struct tx_child *child = data;
    int status = 0;
    bool closed;

    (void)events;
    if (child->control_source) {
        int r = receive_all(child, &closed); /* its last words */
        if (r < 0)
            return r;
    }
    if (waitpid(child->pid, &status, WNOHANG) <= 0)
        return 0;
    clear_process(child);
    return child->children->events->ended(child->children->data, child, status);
}

/* --- starting --- */

static int watch(struct tx_child *child) {
    struct tx_loop *loop = child->children->loop;
    int r = tx_loop_add(loop, child->pidfd, EPOLLIN, on_exit_event, child, &child->exit_source);
    if (r < 0)
        return r;
    return tx_loop_add(loop, child->control_fd, EPOLLIN, on_control, child, &child->control_source);
}

int tx_child_start_process(struct tx_child *child) {
    const struct tx_children_events *events = child->children->events;
    char *argv[16] = {child->program};
    struct tx_spawn spawn = {.program = child->program, .argv = argv};
    int ends[2];

    int r = events->prepare(child->children->data, child, &spawn, argv + 1, TX_COUNT_OF(argv) - 2);
    if (r < 0)
        return r;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    _cleanup_(tx_fd_closep) int theirs = ends[1];
    child->control_fd = ends[0];
    r = tx_fd_set_nonblocking(child->control_fd, 1);
    if (r < 0)
        return r;
    spawn.fds[spawn.n_fds++] = (struct tx_spawn_fd){.fd = theirs, .target = TX_FD_CONTROL};
    r = tx_spawn(&spawn, &child->pid, &child->pidfd);
    if (r < 0) {
        tx_fd_closep(&child->control_fd);
        return r;
    }
    child->state = TX_CHILD_STARTING;
    child->stopping = child->stopped = false;
    child->started_ns = tx_clock_boot();
    child->ping_sent = child->pong_received = 0;
    child->hung = child->has_work = false;
    child->pong_ns = child->progress_ns = child->started_ns;
    child->report.len = child->status.len = 0;
    r = watch(child);
    return r < 0 ? r : events->started(child->children->data, child);
}

/* --- starting again --- */

int64_t tx_child_backoff_ns(unsigned crashes) {
    int64_t wait = SECOND_NS;
    if (crashes <= FREE_CRASHES)
        return TX_CHILD_RESTART_NS;
    for (unsigned i = FREE_CRASHES + 1; i < crashes && wait < BACKOFF_MAX_NS; i++)
        wait *= 2;
    return wait < BACKOFF_MAX_NS ? wait : BACKOFF_MAX_NS;
}

#define KILLS_FREE 64
#define KILL_NS (SECOND_NS / 10)

/* Each costs KILL_NS of what time brings, of which so much is saved up. */
bool tx_child_may_be_killed(struct tx_child *child) {
    int64_t now = tx_clock_boot(), least = now - KILLS_FREE * KILL_NS;
    if (child->kills_ns < least)
        child->kills_ns = least;
    if (child->kills_ns + KILL_NS > now)
        return false;
    child->kills_ns += KILL_NS;
    return true;
}

int64_t tx_child_count_crash(struct tx_child *child) {
    if (tx_clock_boot() - child->started_ns >= STABLE_NS)
        child->crashes = 0;
    return tx_child_backoff_ns(++child->crashes);
}

int tx_child_restart_after(struct tx_child *child, int64_t delay_ns) {
    child->state = TX_CHILD_WAITING;
    child->restarts++;
    return tx_loop_set_timer(child->restart_timer, tx_clock_boot() + delay_ns, 0);
}

int tx_child_ask_status(struct tx_child *child) {
    if (child->state != TX_CHILD_READY || child->status_pending)
        return 0;
    child->status_pending = true;
    return tx_child_send(child, TX_CONTROL_STATUS_GET, 0, (struct tx_text){0}, -1);
}

void tx_child_kill(struct tx_child *child) {
    if (tx_child_runs(child))
        syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
}
