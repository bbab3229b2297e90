/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/drain.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ingest/receive.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

/* What a message of the trace lane counts for. */
#define TRACE_BYTES 1024u

/* A connection's largest datagram is forgotten in so many smaller ones, or a few times that. */
#define LARGEST_FADES 64

/* The one descriptor that came, or -1; any other number of them is closed. */
static int take_passed(struct msghdr *msg) {
    int first = -1, n = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, (uint8_t *)c + at, sizeof(fd));
            if (n++ == 0)
                first = fd;
            else
                close(fd);
        }
    }
    if (n > 1)
        tx_fd_closep(&first);
    return first;
}

static enum tx_drained on_error(int error) {
    switch (error) {
    case EINTR:
    case ECONNRESET: /* the other end is closed; what it had sent comes after this */
        return TX_DRAINED_SOME;
    case EAGAIN:
        return TX_DRAINED_ALL;
    default:
        return TX_DRAINED_ENDED;
    }
}

/* What came of a receive: a datagram of ours, or none. */
static enum tx_drained judge(const struct msghdr *msg, struct tx_inbox_entry *entry, size_t n) {
    struct ucred sender;

    if (n == 0)
        return msg->msg_controllen > 0 ? TX_DRAINED_RUBBISH : TX_DRAINED_ENDED;
    return (msg->msg_flags & MSG_TRUNC) || !tx_inbox_credentials(entry, &sender)
               ? TX_DRAINED_RUBBISH
               : TX_DRAINED_SOME;
}

/* What is of the trace lane does not stay in the inbox. */
static bool take_trace(struct tx_ingest *ingest, struct tx_connection *connection,
                       struct tx_inbox_entry *entry, size_t n, int fd, enum tx_drained *ret) {
    struct ucred sender;

    if (!tx_rings_is_datagram(tx_inbox_datagram(entry), n)) {
        tx_fd_closep(&fd);
        return false;
    }
    int r = -EBADMSG;
    if (tx_inbox_credentials(entry, &sender))
        r = tx_rings_on_datagram(ingest, connection, tx_inbox_datagram(entry), n,
                                 (uint32_t)sender.pid, sender.uid, fd);
    else
        tx_fd_closep(&fd);
    tx_inbox_abandon(entry, n);
    ingest->n_round += TRACE_BYTES;
    *ret = r < 0 ? TX_DRAINED_RUBBISH : TX_DRAINED_SOME;
    return true;
}

static void note_received(struct tx_ingest *ingest, struct tx_connection *connection,
                          const struct tx_inbox_entry *entry) {
    tx_user_take_bytes(connection->user, entry->size);
    ingest->n_round += entry->size;
    connection->n_pending++;
    if (entry->size > connection->largest)
        connection->largest = entry->size;
    else
        connection->largest -= (connection->largest - entry->size) / LARGEST_FADES;
}

static void point_at(struct tx_inbox_entry *entry, struct iovec *part, struct msghdr *ret) {
    *part =
        (struct iovec){.iov_base = tx_inbox_datagram(entry), .iov_len = TX_LIMIT_DATAGRAM_BYTES};
    *ret = (struct msghdr){.msg_iov = part,
                           .msg_iovlen = 1,
                           .msg_control = tx_inbox_control(entry),
                           .msg_controllen = TX_INBOX_CONTROL_BYTES};
}

static enum tx_drained receive_one(struct tx_ingest *ingest, struct tx_connection *connection) {
    struct iovec part;
    struct msghdr msg;
    struct tx_inbox_entry *entry =
        tx_inbox_prepare(&ingest->inbox, connection->id, connection->identity);
    if (!entry)
        return TX_DRAINED_FULL;

    point_at(entry, &part, &msg);
    ssize_t n = recvmsg(connection->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    int error = errno;
    enum tx_drained drained;
    if (take_trace(ingest, connection, entry, n > 0 ? (size_t)n : 0, take_passed(&msg), &drained))
        return drained;
    drained = n < 0 ? on_error(error) : judge(&msg, entry, (size_t)n);
    if (n < 0 || drained != TX_DRAINED_SOME) {
        tx_inbox_abandon(entry, n > 0 ? (size_t)n : 0);
        return drained;
    }
    tx_inbox_commit(&ingest->inbox, entry, (size_t)n, tx_clock_wall());
    note_received(ingest, connection, entry);
    return TX_DRAINED_SOME;
}

/* The same for several in one call; what follows rubbish, or an end, is nothing. */
static enum tx_drained receive_many(struct tx_ingest *ingest, struct tx_connection *connection,
                                    size_t most) {
    TX_UNINITIALIZED struct tx_inbox_entry *entries[TX_INBOX_LANDING];
    TX_UNINITIALIZED struct mmsghdr messages[TX_INBOX_LANDING];
    TX_UNINITIALIZED struct iovec parts[TX_INBOX_LANDING];
    size_t n =
        tx_inbox_prepare_many(&ingest->inbox, connection->id, connection->identity, most, entries);
    if (n == 0)
        return receive_one(ingest, connection);

    for (size_t i = 0; i < n; i++)
        point_at(entries[i], &parts[i], &messages[i].msg_hdr);
    int r = recvmmsg(connection->fd, messages, (unsigned)n, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
    enum tx_drained drained = r < 0 ? on_error(errno) : TX_DRAINED_SOME;
    size_t n_came = r < 0 ? 0 : (size_t)r;
    int64_t now = tx_clock_wall();
    for (size_t i = 0; i < n; i++) {
        size_t n_bytes = i < n_came ? messages[i].msg_len : 0;
        int fd = i < n_came ? take_passed(&messages[i].msg_hdr) : -1;
        if (drained != TX_DRAINED_SOME)
            tx_fd_closep(&fd);
        else if (take_trace(ingest, connection, entries[i], n_bytes, fd, &drained))
            continue;
        if (i < n_came && drained == TX_DRAINED_SOME)
            drained = judge(&messages[i].msg_hdr, entries[i], n_bytes);
        if (i < n_came && drained == TX_DRAINED_SOME)
            note_received(ingest, connection,
                          tx_inbox_land(&ingest->inbox, entries[i], n_bytes, now));
        else
            tx_inbox_abandon(entries[i], n_bytes);
    }
    return drained;
}

/* How many to ask for: where one comes alone, places for more would be made ready in vain; and of
 * what it sends, so many fit into what is left of its turn, which must not grow by the largest ones
 * that there are. */
static size_t n_at_once(const struct tx_connection *connection, size_t n_calls, size_t left) {
    if ((!connection->is_steady && n_calls < 2) || connection->largest == 0)
        return 1;
    return left / connection->largest;
}

enum tx_drained tx_drain(struct tx_ingest *ingest, struct tx_connection *connection, size_t most) {
    size_t end = ingest->n_round + most;
    enum tx_drained drained = TX_DRAINED_SOME;

    for (size_t calls = 0; drained == TX_DRAINED_SOME && ingest->n_round < end; calls++) {
        size_t n = n_at_once(connection, calls, end - ingest->n_round);
        drained = n > 1 ? receive_many(ingest, connection, n) : receive_one(ingest, connection);
        connection->has_sent |= drained == TX_DRAINED_SOME;
    }
    if (drained == TX_DRAINED_FULL)
        ingest->waits_for_room = true;
    return drained;
}
