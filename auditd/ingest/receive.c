/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/receive.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ingest/drain.h"
#include "auditd/ingest/process.h"
#include "auditd/ingest/settle.h"
#include "auditd/ingest/supervisor-link.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

/* So often a busy connection is read. */
#define DRAIN_INTERVAL_NS 1000000
/* A connection is a busy one while no two datagrams are further apart: who calls every few
 * milliseconds is not to pay for waking us, either. */
#define BUSY_NS 10000000
/* Of the inbox's bytes in one turn of a connection (the last datagram may go beyond), and in a
 * round before other events are looked at. */
#define BYTES_IN_A_TURN (64u * 1024u)
#define BYTES_IN_A_ROUND (4 * BYTES_IN_A_TURN)
/* Of both while somebody waits for the disk, who may come with the next event. */
#define BYTES_WHILE_WAITED_FOR (16u * 1024u)
static size_t at_most(const struct tx_ingest *ingest, size_t n) {
    return ingest->outlets[TX_STREAM_AUDIT].link.window > 0 ? BYTES_WHILE_WAITED_FOR : n;
}

/* Also of one whose connection is gone, while he has others. */
struct tx_user *tx_receive_user_of(struct tx_ingest *ingest, struct tx_inbox_entry *entry,
                                   const struct tx_connection *connection) {
    struct tx_ipc_identity identity;

    if (connection)
        return connection->user;
    if (tx_ipc_identity_parse(tx_inbox_identity(entry), &identity) < 0)
        identity.uid = UINT32_MAX;
    return tx_users_find(&ingest->connections.users, identity.uid);
}

void tx_receive_inherit(struct tx_ingest *ingest) {
    tx_inbox_rewind(&ingest->inbox);
    for (; ingest->n_inherited > 0; ingest->n_inherited--) {
        struct tx_inbox_entry *entry = tx_inbox_take(&ingest->inbox);
        struct tx_connection *connection =
            tx_connections_find(&ingest->connections, entry->connection);
        struct tx_user *user = tx_receive_user_of(ingest, entry, connection);
        if (user)
            tx_user_take_bytes(user, entry->size);
        if (connection)
            connection->n_pending++;
    }
}

void tx_receive_give_back(struct tx_ingest *ingest, struct tx_inbox_entry *entry) {
    struct tx_user *user = tx_receive_user_of(
        ingest, entry, tx_connections_find(&ingest->connections, entry->connection));

    if (user)
        tx_user_give_bytes(user, entry->size);
    tx_inbox_free(&ingest->inbox, entry);
}

/* --- watching --- */

static int on_socket(void *data, uint32_t events);

int tx_receive_watch(struct tx_ingest *ingest, struct tx_connection *connection) {
    const struct tx_replies *replies = &connection->replies;
    uint32_t events = connection->watch == TX_WATCH_EVENTS ? EPOLLIN : 0;
    int r = 0;

    if (replies->n > 0 || replies->has_ack)
        events |= EPOLLOUT;
    if (events == connection->events)
        return 0;
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
    if (r == 0)
        connection->events = events;
    return r;
}

static int set_watch(struct tx_ingest *ingest, struct tx_connection *connection,
                     enum tx_watch watch) {
    if (connection->watch == watch)
        return 0;
    if (connection->watch == TX_WATCH_TIMER)
        tx_user_leave(connection->user, connection);
    if (watch == TX_WATCH_TIMER)
        tx_user_wait(&ingest->connections.users, connection->user, connection);
    connection->watch = watch;
    return tx_receive_watch(ingest, connection);
}

static int arm_timer(struct tx_ingest *ingest, int64_t after_ns) {
    if ((ingest->drain_is_armed && after_ns > 0) || ingest->waits_for_room ||
        TAILQ_EMPTY(&ingest->connections.users.turns))
        return 0;
    ingest->drain_is_armed = true;
    return tx_loop_set_timer(ingest->drain_timer, tx_clock_boot() + after_ns, 0);
}

int tx_receive_room_again(struct tx_ingest *ingest) {
    struct tx_users *users = &ingest->connections.users;

    if (!ingest->waits_for_room && TAILQ_EMPTY(&users->held))
        return 0;
    ingest->waits_for_room = false;
    tx_users_release(users);
    return arm_timer(ingest, 0);
}

/* --- ending --- */

int tx_receive_close(struct tx_ingest *ingest, struct tx_connection *connection) {
    uint64_t id = connection->id;

    /* The supervisor holds the socket too: closing ours would end nothing. */
    shutdown(connection->fd, SHUT_RDWR);
    tx_connections_remove(&ingest->connections, ingest->loop, connection);
    int r = tx_rings_on_closed(ingest, id);
    return r < 0 ? r : tx_supervisor_say_closed(ingest, id);
}

int tx_receive_close_if_done(struct tx_ingest *ingest, struct tx_connection *connection) {
    if (connection->watch != TX_WATCH_ENDED || connection->n_pending > 0)
        return 0;
    return tx_receive_close(ingest, connection);
}

int tx_receive_flush(struct tx_ingest *ingest, struct tx_connection *connection) {
    tx_replies_flush(&connection->replies, connection->fd);
    return tx_receive_watch(ingest, connection);
}

/* What draining a socket means for its connection, which may be gone afterwards. */
static int after_drain(struct tx_ingest *ingest, struct tx_connection *connection,
                       enum tx_drained drained) {
    if (drained == TX_DRAINED_RUBBISH) {
        int r = tx_process_reject(ingest, connection->user->uid, "malformed datagram");
        return r < 0 ? r : tx_receive_close(ingest, connection);
    }
    if (drained == TX_DRAINED_ENDED) {
        int r = set_watch(ingest, connection, TX_WATCH_ENDED);
        return r < 0 ? r : tx_receive_close_if_done(ingest, connection);
    }
    return 0;
}

/* --- events --- */

static bool is_busy(const struct tx_connection *connection, int64_t now) {
    return connection->is_steady && now - connection->last_sent < BUSY_NS &&
           !connection->awaits_receipt;
}

/* Half of the inbox is enough for one, where there are others; and while somebody waits for the
 * disk, what may be on its way there and as much again. */
static bool has_too_much(const struct tx_ingest *ingest, const struct tx_user *user) {
    size_t most = ingest->inbox.capacity / 2,
           window = (size_t)ingest->outlets[TX_STREAM_AUDIT].link.window;

    if (window > 0 && 2 * window + BYTES_IN_A_TURN < most)
        most = 2 * window + BYTES_IN_A_TURN;
    return user->n_bytes > most && user->n_connections < ingest->connections.n;
}

/* One turn of one connection, and how it is watched from then on. *ret_more: it may have more. */
static int serve(struct tx_ingest *ingest, struct tx_connection *connection, bool *ret_more) {
    uint64_t id = connection->id;
    int64_t now = tx_clock_boot();

    connection->has_sent = false;
    enum tx_drained drained = tx_drain(ingest, connection, at_most(ingest, BYTES_IN_A_TURN));
    if (connection->has_sent) {
        connection->is_steady = now - connection->last_sent < BUSY_NS;
        connection->last_sent = now;
        connection->awaits_receipt = false; /* which processing finds out */
    }
    *ret_more = drained == TX_DRAINED_SOME || drained == TX_DRAINED_FULL;
    int r = after_drain(ingest, connection, drained);
    if (r == 0)
        r = tx_process_run(ingest);
    if (r < 0)
        return r;
    connection = tx_connections_find(&ingest->connections, id);
    if (!connection || connection->watch == TX_WATCH_ENDED)
        return 0;
    return set_watch(ingest, connection,
                     *ret_more || is_busy(connection, now) ? TX_WATCH_TIMER : TX_WATCH_EVENTS);
}

/* Whose user has others in line gets in line as well: else each of a thousand connections would
 * bring its user a turn of its own. */
static int read_socket(struct tx_ingest *ingest, struct tx_connection *connection) {
    struct tx_user *user = connection->user;
    bool more = true;

    if (ingest->waits_for_room || user->n_waiting > 0 || has_too_much(ingest, user)) {
        int r = set_watch(ingest, connection, TX_WATCH_TIMER);
        return r < 0 ? r : arm_timer(ingest, 0);
    }
    ingest->n_round = 0;
    int r = serve(ingest, connection, &more);
    return r < 0 ? r : arm_timer(ingest, more ? 0 : DRAIN_INTERVAL_NS);
}

static int on_socket(void *data, uint32_t events) {
    struct tx_connection *connection = data;
    struct tx_ingest *ingest = connection->owner;
    int r = 0;

    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        r = tx_receive_flush(ingest, connection);
    if (r < 0)
        return r;
    if (connection->watch != TX_WATCH_EVENTS || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return 0;
    return read_socket(ingest, connection);
}

/* The turn of a connection whose user is next in line. He rests when none of his had more. */
static int take_turn(struct tx_ingest *ingest, struct tx_connection *connection) {
    struct tx_users *users = &ingest->connections.users;
    struct tx_user *user = connection->user;
    size_t n_before = user->n_waiting;
    bool more;

    if (has_too_much(ingest, user)) {
        tx_users_hold(users, user);
        return 0;
    }
    int r = serve(ingest, connection, &more);
    if (r < 0)
        return r;
    if (more)
        user->n_quiet = 0;
    else
        user->n_quiet += user->n_waiting == n_before;
    if (user->standing == &users->turns && user->n_quiet >= user->n_waiting)
        tx_users_rest(users, user);
    return 0;
}

int tx_receive_on_timer(void *data, uint32_t events) {
    struct tx_ingest *ingest = data;
    struct tx_users *users = &ingest->connections.users;
    struct tx_connection *connection = NULL;

    (void)events;
    ingest->drain_is_armed = false;
    ingest->n_round = 0;
    while (ingest->n_round < at_most(ingest, BYTES_IN_A_ROUND) && !ingest->waits_for_room &&
           (connection = tx_users_next(users))) {
        int r = take_turn(ingest, connection);
        if (r < 0)
            return r;
    }
    bool more = !TAILQ_EMPTY(&users->turns);
    tx_users_wake(users);
    int r = arm_timer(ingest, more ? 0 : DRAIN_INTERVAL_NS);
    return r < 0 ? r : tx_settle_check_stopped(ingest);
}

/* --- beginning and stopping --- */

static int stop_one(struct tx_ingest *ingest, struct tx_connection *connection) {
    /* From here on its sends fail, and what it had sent ends with an end that we can read up to. */
    shutdown(connection->fd, SHUT_RD);
    return connection->watch == TX_WATCH_EVENTS ? set_watch(ingest, connection, TX_WATCH_TIMER) : 0;
}

int tx_receive_add(struct tx_ingest *ingest, uint64_t id, int fd, struct tx_text identity) {
    struct tx_connection *connection;

    if (identity.n > TX_INBOX_IDENTITY_BYTES)
        return -EINVAL;
    int r = tx_connections_add(&ingest->connections, id, fd, identity, &connection);
    if (r < 0)
        return r;
    connection->owner = ingest;
    r = set_watch(ingest, connection, TX_WATCH_EVENTS);
    if (r < 0 || !ingest->stopping)
        return r;
    r = stop_one(ingest, connection);
    return r < 0 ? r : arm_timer(ingest, 0);
}

int tx_receive_stop(struct tx_ingest *ingest) {
    struct tx_connection *connection = NULL;
    int r = 0;

    ingest->stopping = true;
    while (r == 0 && (connection = tx_connections_next(&ingest->connections, connection)))
        r = stop_one(ingest, connection);
    if (r == 0)
        r = tx_rings_stop(ingest);
    if (r == 0)
        r = arm_timer(ingest, 0);
    return r < 0 ? r : tx_settle_check_stopped(ingest);
}

bool tx_receive_is_drained(struct tx_ingest *ingest) {
    struct tx_connection *connection = NULL;

    while ((connection = tx_connections_next(&ingest->connections, connection)))
        if (connection->watch != TX_WATCH_ENDED)
            return false;
    return true;
}
