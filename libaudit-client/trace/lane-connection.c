/* SPDX-License-Identifier: MIT */
#include "libaudit-client/trace/lane-connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include "libaudit-client/dial.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

/* No two attempts are closer together. */
#define DELAY INT64_C(2000000000)

static struct tx_kept_fd kept;

static int attempt(struct tx_lane *lane) {
    int64_t until = tx_clock_boot() + lane->settings.connect;
    _cleanup_(tx_fd_closep) int fd = -1, end = -1;
    size_t max_bytes;

    int r = tx_dial(&lane->settings, &fd);
    if (r == 0)
        r = tx_dial_welcome(fd, until, &end, &max_bytes);
    if (r < 0)
        return r;
    lane->fd_and_one = tx_dial_move_up(tx_fd_steal(&end)) + 1;
    lane->is_open = true;
    tx_kept_fd_set(&kept, lane->fd_and_one - 1);
    return 0;
}

int tx_lane_connection_ensure(struct tx_lane *lane, int64_t now) {
    if (lane->is_open)
        return 0;
    if (now < lane->due)
        return -ENOTCONN;
    lane->due = now + DELAY;
    return attempt(lane) < 0 ? -ENOTCONN : 0;
}

void tx_lane_connection_drop(struct tx_lane *lane) {
    lane->is_open = false;
    lane->fd_and_one = 0;
    lane->generation++;
    tx_kept_fd_close(&kept, true);
}

void tx_lane_connection_forget(void) {
    tx_kept_fd_close(&kept, false);
}

/* A full socket holds what will wake the daemon as well as this would. */
static int send_one(struct tx_lane *lane, const struct msghdr *message) {
    int fd = lane->fd_and_one - 1;

    if (!tx_kept_fd_is(&kept, fd)) {
        tx_lane_connection_drop(lane);
        return -EPIPE;
    }
    if (sendmsg(fd, message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return 0;
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == EINTR ||
        errno == ETOOMANYREFS)
        return -EAGAIN;
    tx_lane_connection_drop(lane);
    return -EPIPE;
}

int tx_lane_connection_hand(struct tx_lane *lane, const uint8_t *secret, int fd) {
    uint8_t memory[TX_WIRE_RING_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};

    tx_wire_ring_render(&b, secret);
    struct iovec part = {.iov_base = b.data, .iov_len = b.len};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(int));
    int r = send_one(lane, &message);
    explicit_bzero(memory, sizeof(memory));
    return r;
}

void tx_lane_connection_ring(struct tx_lane *lane) {
    uint8_t memory[TX_WIRE_HEADER_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    tx_wire_bell_render(&b);
    struct iovec part = {.iov_base = b.data, .iov_len = b.len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    (void)!send_one(lane, &message);
}
