/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/control.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libtx/base/cursor.h"
#include "libtx/base/fd.h"
#include "libtx/base/limits.h"

/* More than one, so that the kernel hands over what a confused peer sends and we can close it. */
#define RECEIVED_FDS_MAX 4

int tx_control_send(int fd, const struct tx_control *message) {
    uint8_t header[TX_CONTROL_HEADER_BYTES];
    struct tx_buf b = tx_buf_of(header, sizeof(header));
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } ancillary = {0};

    assert(message->payload.n <= TX_CONTROL_PAYLOAD_BYTES);
    tx_buf_u16(&b, (uint16_t)message->type);
    tx_buf_u16(&b, 0);
    tx_buf_u32(&b, (uint32_t)message->payload.n);
    tx_buf_u64(&b, message->argument);

    struct iovec parts[2] = {
        {.iov_base = header, .iov_len = sizeof(header)},
        {.iov_base = (void *)(uintptr_t)message->payload.p, .iov_len = message->payload.n}};
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
    if (message->fd >= 0) {
        msg.msg_control = ancillary.bytes;
        msg.msg_controllen = sizeof(ancillary.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &message->fd, sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(fd, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? -EPIPE : -errno;
    return 0;
}

/* Keeps the first descriptor when it is the only one; closes all of them otherwise. -1: none. */
static int take_descriptor(struct msghdr *msg, int *ret_fd) {
    size_t found = 0;
    int first = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (found++ == 0)
                first = fd;
            else
                close(fd);
        }
    }
    if (found > 1 || (msg->msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
        tx_fd_closep(&first);
        return -EBADMSG;
    }
    *ret_fd = first;
    return 0;
}

static bool type_known(uint16_t type) {
    return (type >= TX_CONTROL_PING && type <= TX_CONTROL_RING) ||
           (type >= TX_CONTROL_READY && type <= TX_CONTROL_RING_ENDED);
}

static int parse(const void *memory, size_t n, struct tx_control *ret) {
    struct tx_cursor c = tx_cursor_of(memory, n);
    uint16_t type, zero;
    uint32_t length;
    uint64_t argument;

    if (tx_cursor_u16(&c, &type) < 0 || tx_cursor_u16(&c, &zero) < 0 ||
        tx_cursor_u32(&c, &length) < 0 || tx_cursor_u64(&c, &argument) < 0)
        return -EBADMSG;
    if (!type_known(type) || zero != 0 || length != c.n)
        return -EBADMSG;
    ret->type = (enum tx_control_type)type;
    ret->argument = argument;
    ret->payload = (struct tx_text){.p = (const char *)c.p, .n = c.n};
    return 0;
}

int tx_control_receive(int fd, void *memory, size_t n_memory, struct tx_control *ret) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(RECEIVED_FDS_MAX * sizeof(int))];
    } ancillary;
    struct iovec part = {.iov_base = memory, .iov_len = n_memory};
    struct msghdr msg = {.msg_iov = &part,
                         .msg_iovlen = 1,
                         .msg_control = ancillary.bytes,
                         .msg_controllen = sizeof(ancillary.bytes)};
    struct tx_control message = {.fd = -1};

    assert(n_memory >= TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES);
    ssize_t n;
    /* ECONNRESET: the peer is gone and had not read everything. It is told once, before what the
     * peer had said. */
    do
        n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n < 0)
        return -errno;
    int r = take_descriptor(&msg, &message.fd);
    if (r < 0)
        return r;
    if (n == 0 && message.fd < 0)
        return TX_CONTROL_E_CLOSED; /* no message of ours is empty */
    r = parse(memory, (size_t)n, &message);
    if (r < 0) {
        tx_fd_closep(&message.fd);
        return r;
    }
    *ret = message;
    return 0;
}

static void put_text(struct tx_buf *b, struct tx_text text) {
    tx_buf_u16(b, (uint16_t)text.n);
    tx_buf_put(b, text.p, text.n);
}

void tx_ipc_identity_render(const struct tx_ipc_identity *identity, struct tx_buf *b) {
    assert(identity->comm.n <= TX_LIMIT_COMM_BYTES && identity->exe.n <= TX_LIMIT_EXE_BYTES &&
           identity->unit.n <= TX_LIMIT_UNIT_BYTES);
    tx_buf_u32(b, identity->pid);
    tx_buf_u32(b, identity->uid);
    tx_buf_u32(b, identity->gid);
    put_text(b, identity->comm);
    put_text(b, identity->exe);
    put_text(b, identity->unit);
}

static int take_text(struct tx_cursor *c, size_t limit, struct tx_text *ret) {
    uint16_t n;
    const uint8_t *p;
    int r = tx_cursor_u16(c, &n);
    if (r < 0)
        return r;
    if (n > limit)
        return -EBADMSG;
    r = tx_cursor_bytes(c, n, &p);
    if (r < 0)
        return r;
    *ret = (struct tx_text){.p = (const char *)p, .n = n};
    return 0;
}

void tx_control_progress_render(const struct tx_control_progress *progress, struct tx_buf *b) {
    tx_buf_u64(b, progress->done);
    tx_buf_u8(b, progress->has_work);
}

int tx_control_progress_parse(struct tx_text payload, struct tx_control_progress *ret) {
    struct tx_cursor c = tx_cursor_of(payload.p, payload.n);
    uint64_t done;
    uint8_t has_work;

    if (tx_cursor_u64(&c, &done) < 0 || tx_cursor_u8(&c, &has_work) < 0 || c.n != 0 || has_work > 1)
        return -EBADMSG;
    *ret = (struct tx_control_progress){.done = done, .has_work = has_work == 1};
    return 0;
}

void tx_control_end_render(const struct tx_control_end *end, struct tx_buf *b) {
    put_text(b, end->process);
    put_text(b, end->how);
}

int tx_control_end_parse(struct tx_text payload, struct tx_control_end *ret) {
    struct tx_cursor c = tx_cursor_of(payload.p, payload.n);
    struct tx_control_end end;

    if (take_text(&c, TX_CONTROL_END_BYTES, &end.process) < 0 ||
        take_text(&c, TX_CONTROL_END_BYTES, &end.how) < 0 || c.n != 0)
        return -EBADMSG;
    *ret = end;
    return 0;
}

int tx_ipc_identity_parse(struct tx_text payload, struct tx_ipc_identity *ret) {
    struct tx_cursor c = tx_cursor_of(payload.p, payload.n);
    struct tx_ipc_identity identity;

    if (tx_cursor_u32(&c, &identity.pid) < 0 || tx_cursor_u32(&c, &identity.uid) < 0 ||
        tx_cursor_u32(&c, &identity.gid) < 0 ||
        take_text(&c, TX_LIMIT_COMM_BYTES, &identity.comm) < 0 ||
        take_text(&c, TX_LIMIT_EXE_BYTES, &identity.exe) < 0 ||
        take_text(&c, TX_LIMIT_UNIT_BYTES, &identity.unit) < 0 || c.n != 0)
        return -EBADMSG;
    *ret = identity;
    return 0;
}

void tx_ipc_ring_render(const struct tx_ipc_ring *ring, struct tx_buf *b) {
    tx_buf_u64(b, ring->connection);
    tx_buf_put(b, ring->client, sizeof(ring->client));
    tx_buf_put(b, ring->identity.p, ring->identity.n);
}

int tx_ipc_ring_parse(struct tx_text payload, struct tx_ipc_ring *ret) {
    struct tx_cursor c = tx_cursor_of(payload.p, payload.n);
    const uint8_t *client;

    if (tx_cursor_u64(&c, &ret->connection) < 0 ||
        tx_cursor_bytes(&c, sizeof(ret->client), &client) < 0)
        return -EBADMSG;
    memcpy(ret->client, client, sizeof(ret->client));
    ret->identity = (struct tx_text){.p = (const char *)c.p, .n = c.n};
    return 0;
}
