/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/accept.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/welcome.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define TELL_EVERY_NS (INT64_C(10) * 1000000000)

int tx_accept_init(struct tx_accept *accept, const struct tx_durability *durability,
                   size_t limit_total, size_t limit_per_uid) {
    struct rlimit limit;

    *accept =
        (struct tx_accept){.spare_fd = -1, .told_ns = -TELL_EVERY_NS, .policy = TX_BYTES_INIT};
    int r = tx_welcome_render_policy(durability, &accept->policy);
    if (r < 0)
        return r;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    size_t possible = limit.rlim_cur > 2 * TX_ACCEPT_OTHER_FDS
                          ? limit.rlim_cur - TX_ACCEPT_OTHER_FDS
                          : limit.rlim_cur / 4;
    accept->limit_total = limit_total ? limit_total : TX_ACCEPT_TOTAL;
    if (accept->limit_total > possible)
        accept->limit_total = possible;
    accept->limit_per_uid = limit_per_uid ? limit_per_uid : TX_ACCEPT_PER_UID;
    if (accept->limit_per_uid > accept->limit_total / 2 && !limit_per_uid)
        accept->limit_per_uid = accept->limit_total / 2;
    accept->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (accept->spare_fd < 0)
        return -errno;
    return tx_connections_init(&accept->connections, TX_ACCEPT_TOTAL);
}

static int take_kept(void *data, uint64_t id, int fd, uid_t uid, struct tx_text identity) {
    struct tx_accept *accept = data;
    return tx_connections_restore(&accept->connections, id, fd, uid, identity);
}

int tx_accept_keep(struct tx_accept *accept, struct tx_keep *keep) {
    accept->keep = keep;
    int r = tx_keep_restore(keep, TX_KEEP_CONNECTION, take_kept, accept);
    if (accept->connections.n_ever < tx_keep_last_id(keep, TX_KEEP_CONNECTION))
        accept->connections.n_ever = tx_keep_last_id(keep, TX_KEEP_CONNECTION);
    return r;
}

void tx_accept_close(struct tx_accept *accept, uint64_t id) {
    if (tx_connections_remove(&accept->connections, id) && accept->keep)
        tx_keep_drop(accept->keep, TX_KEEP_CONNECTION, id);
}

void tx_accept_deinit(struct tx_accept *accept) {
    tx_connections_deinit(&accept->connections);
    tx_bytes_deinit(&accept->policy);
    tx_fd_closep(&accept->spare_fd);
}

/* --- refusing --- */

static void refuse(struct tx_accept *accept, uint64_t *counter, uid_t uid, const char *why) {
    int64_t now = tx_clock_boot();

    ++*counter;
    if (now - accept->told_ns < TELL_EVERY_NS)
        return;
    accept->told_ns = now;
    tx_log(TX_LOG_WARNING,
           "a connection of uid %u is refused: %s (refused so far: %llu for the total, %llu for "
           "one uid, %llu for other reasons)",
           (unsigned)uid, why, (unsigned long long)accept->n_refused_total,
           (unsigned long long)accept->n_refused_uid, (unsigned long long)accept->n_refused_other);
}

/* Without a free descriptor the connection could not even be taken and closed. */
static void refuse_without_descriptor(struct tx_accept *accept, int listen_fd) {
    tx_fd_closep(&accept->spare_fd);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    tx_fd_closep(&fd);
    accept->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    refuse(accept, &accept->n_refused_other, (uid_t)-1, "no descriptors are left");
}

static bool has_room(struct tx_accept *accept, uid_t uid, size_t n_of_uid) {
    if (accept->connections.n_open >= accept->limit_total) {
        refuse(accept, &accept->n_refused_total, uid, "there are too many connections");
        return false;
    }
    if (n_of_uid >= accept->limit_per_uid) {
        refuse(accept, &accept->n_refused_uid, uid, "it has too many connections");
        return false;
    }
    return true;
}

/* --- the pair --- */

static void size_buffer(struct tx_accept *accept, int fd, bool large) {
    int size = TX_ACCEPT_SEND_BUFFER;
    socklen_t n = sizeof(size);

    if (!large || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)); /* cut to the maximum */
    if (large && getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &n) == 0)
        accept->send_buffer = size;
}

static int make_pair(struct tx_accept *accept, bool large, int *ret_client, int *ret_ingest) {
    int ends[2];
    int on = 1;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    _cleanup_(tx_fd_closep) int client = ends[0];
    _cleanup_(tx_fd_closep) int ingest = ends[1];
    /* Each datagram tells who really sent it. */
    if (setsockopt(ingest, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
        return -errno;
    int r = tx_fd_set_nonblocking(ingest, 1);
    if (r < 0)
        return r;
    size_buffer(accept, client, large);
    *ret_client = tx_fd_steal(&client);
    *ret_ingest = tx_fd_steal(&ingest);
    return 0;
}

static int send_welcome(int fd, int passed_fd) {
    uint8_t memory[TX_WELCOME_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } ancillary = {0};

    tx_welcome_render(&b);
    struct iovec part = {.iov_base = b.data, .iov_len = b.len};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = ancillary.bytes,
                             .msg_controllen = sizeof(ancillary.bytes)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &passed_fd, sizeof(int));
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* A client of before there was a POLICY has gone when it comes, or never reads it. */
static void send_policy(const struct tx_accept *accept, int fd) {
    (void)!send(fd, accept->policy.data, accept->policy.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int serve(struct tx_accept *accept, int fd, const struct tx_ipc_identity *peer,
                 size_t n_of_uid, struct tx_connection **ret) {
    uint8_t memory[TX_IPC_IDENTITY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_connection *connection;
    _cleanup_(tx_fd_closep) int client = -1;
    _cleanup_(tx_fd_closep) int ingest = -1;

    int r = make_pair(accept, n_of_uid < TX_ACCEPT_LARGE_PER_UID, &client, &ingest);
    if (r < 0)
        return r;
    tx_ipc_identity_render(peer, &b);
    struct tx_text identity = {.p = (const char *)b.data, .n = b.len};
    r = tx_connections_add(&accept->connections, ingest, peer->uid, identity, &connection);
    if (r < 0)
        return r;
    tx_fd_steal(&ingest);
    /* Kept before the client can write to it. */
    if (accept->keep)
        tx_keep_add(accept->keep, TX_KEEP_CONNECTION, connection->id, connection->fd, peer->uid,
                    identity);
    r = send_welcome(fd, client);
    if (r < 0) {
        tx_accept_close(accept, connection->id);
        return r;
    }
    send_policy(accept, fd);
    *ret = connection;
    return 0;
}

/* Whoever there is no room for is refused before anything is read of its process: that costs more
 * than all the rest, and it can come again at once. */
static void consider(struct tx_accept *accept, int fd, int64_t since_ns,
                     struct tx_connection **ret_connection) {
    struct ucred peer;
    struct tx_identity identity;
    socklen_t n = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0) {
        refuse(accept, &accept->n_refused_other, (uid_t)-1, "the kernel does not say who it is");
        return;
    }
    size_t n_of_uid = tx_connections_of(&accept->connections, peer.uid);
    if (!has_room(accept, peer.uid, n_of_uid))
        return;
    int r = tx_identity_read(fd, since_ns, &identity);
    if (r == 0)
        r = serve(accept, fd, &identity.peer, n_of_uid, ret_connection);
    if (r == -EPIPE || r == -ECONNRESET)
        accept->n_refused_other++; /* it is gone */
    else if (r < 0)
        refuse(accept, &accept->n_refused_other, peer.uid, strerror(-r));
    else
        accept->n_accepted++;
}

int tx_accept_one(struct tx_accept *accept, int listen_fd, int64_t since_ns,
                  struct tx_connection **ret_connection) {
    *ret_connection = NULL;
    _cleanup_(tx_fd_closep) int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
        refuse_without_descriptor(accept, listen_fd);
        return 0;
    }
    if (fd < 0)
        return errno == EINTR || errno == ECONNABORTED || errno == ENOMEM || errno == ENOBUFS
                   ? 0
                   : -errno;
    consider(accept, fd, since_ns, ret_connection);
    return 0;
}
