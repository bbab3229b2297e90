/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/receive.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ingest/process.h"
#include "auditd/ingest/settle.h"
#include "auditd/ingest/supervisor-link.h"
#include "auditd/ipc/log.h"
#include "libtx/base/clock.h"

/* So often a busy connection is read. */
#define DRAIN_INTERVAL_NS 1000000
/* So many datagrams within that time make a connection a busy one. */
#define BUSY_DATAGRAMS 8
/* Of one connection in a row, and of all before others have their turn. */
#define DATAGRAMS_IN_A_ROW 64
#define DATAGRAMS_IN_A_ROUND 1024

/* --- reading --- */

enum drained {
    DRAINED_SOME,    /* there may be more */
    DRAINED_ALL,     /* for now */
    DRAINED_ENDED,   /* nothing more comes */
    DRAINED_FULL,    /* no room in the inbox */
    DRAINED_RUBBISH, /* what came is no datagram of ours */
};

/* There is no room for descriptors beside the credentials; should they come nevertheless, they must
 * not stay. */
static void close_passed(struct msghdr *msg) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, (uint8_t *)c + at, sizeof(fd));
            close(fd);
        }
    }
}

static enum drained on_error(int error) {
    switch (error) {
    case EINTR:
    case ECONNRESET: /* the other end is closed; what it had sent comes after this */
        return DRAINED_SOME;
    case EAGAIN:
        return DRAINED_ALL;
    default:
        return DRAINED_ENDED;
    }
}

static enum drained receive_one(struct tx_ingest *ingest, struct tx_connection *connection) {
    struct ucred sender;
    struct tx_inbox_entry *entry =
        tx_inbox_prepare(&ingest->inbox, connection->id, connection->identity);
    if (!entry)
        return DRAINED_FULL;
    struct iovec part = {.iov_base = tx_inbox_datagram(entry), .iov_len = TX_LIMIT_DATAGRAM_BYTES};
    struct msghdr msg = {.msg_iov = &part,
                         .msg_iovlen = 1,
                         .msg_control = tx_inbox_control(entry),
                         .msg_controllen = TX_INBOX_CONTROL_BYTES};

    ssize_t n = recvmsg(connection->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n <= 0) {
        int error = errno;
        bool is_empty_datagram = n == 0 && msg.msg_controllen > 0;
        close_passed(&msg);
        tx_inbox_abandon(entry, 0);
        if (n < 0)
            return on_error(error);
        return is_empty_datagram ? DRAINED_RUBBISH : DRAINED_ENDED;
    }
    close_passed(&msg);
    if ((msg.msg_flags & MSG_TRUNC) || !tx_inbox_credentials(entry, &sender)) {
        tx_inbox_abandon(entry, (size_t)n);
        return DRAINED_RUBBISH;
    }
    tx_inbox_commit(&ingest->inbox, entry, (size_t)n, tx_clock_wall());
    connection->n_pending++;
    return DRAINED_SOME;
}

static enum drained drain(struct tx_ingest *ingest, struct tx_connection *connection) {
    enum drained drained = DRAINED_SOME;

    for (size_t i = 0; i < DATAGRAMS_IN_A_ROW && drained == DRAINED_SOME; i++) {
        drained = receive_one(ingest, connection);
        connection->window_n += drained == DRAINED_SOME;
    }
    if (drained == DRAINED_FULL)
        ingest->waits_for_room = true;
    return drained;
}

/* --- watching --- */

static int on_socket(void *data, uint32_t events);

void tx_receive_watch(struct tx_ingest *ingest, struct tx_connection *connection) {
    const struct tx_replies *replies = &connection->replies;
    uint32_t events = connection->watch == TX_WATCH_EVENTS ? EPOLLIN : 0;
    int r = 0;

    if (replies->n > 0 || replies->has_ack)
        events |= EPOLLOUT;
    if (events == connection->events)
        return;
    /* Without events it is taken out: epoll would tell of its end again and again. */
    if (events == 0) {
        tx_loop_remove(ingest->loop, connection->source);
        connection->source = NULL;
    } else if (connection->source) {
        r = tx_loop_modify(ingest->loop, connection->source, events);
    } else {
        r = tx_loop_add(ingest->loop, connection->fd, events, on_socket, connection,
                        &connection->source);
    }
    if (r < 0)
        tx_log(TX_LOG_WARNING, "a connection cannot be watched: %s", strerror(-r));
    connection->events = r < 0 ? 0 : events;
}

static void set_watch(struct tx_ingest *ingest, struct tx_connection *connection,
                      enum tx_watch watch) {
    if (connection->watch == watch)
        return;
    if (connection->watch == TX_WATCH_TIMER)
        TAILQ_REMOVE(&ingest->connections.by_timer, connection, by_timer);
    if (watch == TX_WATCH_TIMER)
        TAILQ_INSERT_TAIL(&ingest->connections.by_timer, connection, by_timer);
    connection->watch = watch;
    tx_receive_watch(ingest, connection);
}

static int arm_timer(struct tx_ingest *ingest, int64_t after_ns) {
    if (ingest->drain_is_armed || ingest->waits_for_room ||
        TAILQ_EMPTY(&ingest->connections.by_timer))
        return 0;
    ingest->drain_is_armed = true;
    return tx_loop_set_timer(ingest->drain_timer, tx_clock_boot() + after_ns, 0);
}

int tx_receive_room_again(struct tx_ingest *ingest) {
    if (!ingest->waits_for_room)
        return 0;
    ingest->waits_for_room = false;
    return arm_timer(ingest, 0);
}

/* --- ending --- */

int tx_receive_close(struct tx_ingest *ingest, struct tx_connection *connection) {
    uint64_t id = connection->id;

    /* The supervisor holds the socket too: closing ours would end nothing. */
    shutdown(connection->fd, SHUT_RDWR);
    tx_connections_remove(&ingest->connections, ingest->loop, connection);
    return tx_supervisor_say_closed(ingest, id);
}

int tx_receive_close_if_done(struct tx_ingest *ingest, struct tx_connection *connection) {
    if (connection->watch != TX_WATCH_ENDED || connection->n_pending > 0)
        return 0;
    return tx_receive_close(ingest, connection);
}

void tx_receive_flush(struct tx_ingest *ingest, struct tx_connection *connection) {
    tx_replies_flush(&connection->replies, connection->fd);
    tx_receive_watch(ingest, connection);
}

static uint32_t uid_of(const struct tx_connection *connection) {
    struct tx_ipc_identity identity;
    return tx_ipc_identity_parse(connection->identity, &identity) == 0 ? identity.uid : UINT32_MAX;
}

/* What draining a socket means for its connection, which may be gone afterwards. */
static int after_drain(struct tx_ingest *ingest, struct tx_connection *connection,
                       enum drained drained) {
    if (drained == DRAINED_RUBBISH) {
        int r = tx_process_reject(ingest, uid_of(connection), "malformed datagram");
        return r < 0 ? r : tx_receive_close(ingest, connection);
    }
    if (drained == DRAINED_ENDED) {
        set_watch(ingest, connection, TX_WATCH_ENDED);
        return tx_receive_close_if_done(ingest, connection);
    }
    return 0;
}

/* --- events --- */

static void begin_window(struct tx_connection *connection, int64_t now) {
    connection->window_start = now;
    connection->window_n = 0;
    connection->window_receipt = false;
}

static bool is_busy(const struct tx_connection *connection) {
    return connection->window_n >= BUSY_DATAGRAMS && !connection->window_receipt;
}

static int read_socket(struct tx_ingest *ingest, struct tx_connection *connection) {
    uint64_t id = connection->id;
    int64_t now = tx_clock_boot();

    if (now - connection->window_start > DRAIN_INTERVAL_NS)
        begin_window(connection, now);
    enum drained drained = drain(ingest, connection);
    int r = after_drain(ingest, connection, drained);
    if (r == 0)
        r = tx_process_run(ingest);
    if (r < 0)
        return r;
    connection = tx_connections_find(&ingest->connections, id);
    if (!connection || connection->watch != TX_WATCH_EVENTS)
        return 0;
    if (is_busy(connection) || drained == DRAINED_FULL) {
        set_watch(ingest, connection, TX_WATCH_TIMER);
        return arm_timer(ingest, DRAIN_INTERVAL_NS);
    }
    return 0;
}

static int on_socket(void *data, uint32_t events) {
    struct tx_connection *connection = data;
    struct tx_ingest *ingest = connection->owner;

    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        tx_receive_flush(ingest, connection);
    if (connection->watch != TX_WATCH_EVENTS || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return 0;
    return read_socket(ingest, connection);
}

/* One turn for each busy connection. *ret_more: somebody has more. */
static int drain_round(struct tx_ingest *ingest, size_t *ret_n, bool *ret_more) {
    struct tx_connection *connection = TAILQ_FIRST(&ingest->connections.by_timer);

    *ret_more = false;
    while (connection && !ingest->waits_for_room) {
        struct tx_connection *next = TAILQ_NEXT(connection, by_timer);
        size_t before = connection->window_n;
        enum drained drained = drain(ingest, connection);
        *ret_n += connection->window_n - before;
        *ret_more |= drained == DRAINED_SOME;
        int r = after_drain(ingest, connection, drained);
        if (r < 0)
            return r;
        connection = next;
    }
    return tx_process_run(ingest);
}

/* Who has become quiet goes back to epoll; the others change places, so that a full inbox does not
 * always meet the same one. */
static void sort_out(struct tx_ingest *ingest) {
    struct tx_connection_list *list = &ingest->connections.by_timer;
    struct tx_connection *first = TAILQ_FIRST(list);
    struct tx_connection *next;

    for (struct tx_connection *connection = first; connection; connection = next) {
        next = TAILQ_NEXT(connection, by_timer);
        if (!is_busy(connection) && !ingest->waits_for_room)
            set_watch(ingest, connection, TX_WATCH_EVENTS);
    }
    first = TAILQ_FIRST(list);
    if (first) {
        TAILQ_REMOVE(list, first, by_timer);
        TAILQ_INSERT_TAIL(list, first, by_timer);
    }
}

int tx_receive_on_timer(void *data, uint32_t events) {
    struct tx_ingest *ingest = data;
    struct tx_connection *connection;
    int64_t now = tx_clock_boot();
    bool more = true;
    size_t n = 0;

    (void)events;
    ingest->drain_is_armed = false;
    TAILQ_FOREACH(connection, &ingest->connections.by_timer, by_timer)
    begin_window(connection, now);
    while (more && n < DATAGRAMS_IN_A_ROUND) {
        int r = drain_round(ingest, &n, &more);
        if (r < 0)
            return r;
    }
    sort_out(ingest);
    int r = arm_timer(ingest, more ? 0 : DRAIN_INTERVAL_NS);
    return r < 0 ? r : tx_settle_check_stopped(ingest);
}

/* --- beginning and stopping --- */

static void stop_one(struct tx_ingest *ingest, struct tx_connection *connection) {
    /* From here on its sends fail, and what it had sent ends with an end that we can read up to. */
    shutdown(connection->fd, SHUT_RD);
    if (connection->watch == TX_WATCH_EVENTS)
        set_watch(ingest, connection, TX_WATCH_TIMER);
}

int tx_receive_add(struct tx_ingest *ingest, uint64_t id, int fd, struct tx_text identity) {
    struct tx_connection *connection;

    if (identity.n > TX_INBOX_IDENTITY_BYTES)
        return -EINVAL;
    int r = tx_connections_add(&ingest->connections, id, fd, identity, &connection);
    if (r < 0)
        return r;
    connection->owner = ingest;
    set_watch(ingest, connection, TX_WATCH_EVENTS);
    if (!ingest->stopping)
        return 0;
    stop_one(ingest, connection);
    return arm_timer(ingest, 0);
}

int tx_receive_stop(struct tx_ingest *ingest) {
    struct tx_connection *connection = NULL;

    ingest->stopping = true;
    while ((connection = tx_connections_next(&ingest->connections, connection)))
        stop_one(ingest, connection);
    int r = arm_timer(ingest, 0);
    return r < 0 ? r : tx_settle_check_stopped(ingest);
}

bool tx_receive_is_drained(struct tx_ingest *ingest) {
    struct tx_connection *connection = NULL;

    while ((connection = tx_connections_next(&ingest->connections, connection)))
        if (connection->watch != TX_WATCH_ENDED)
            return false;
    return true;
}
