/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/links.h"

#include <sys/socket.h>

#include "libtx/base/fd.h"

void tx_link_drop(struct tx_link *link) {
    tx_fd_closep(&link->ends[0]);
    tx_fd_closep(&link->ends[1]);
}

static void size_buffer(int fd, int size) {
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)); /* cut to the maximum */
}

static int need(struct tx_link *link, int side, int type, int buffer) {
    if (link->ends[side] >= 0)
        return 0;
    tx_link_drop(link);
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, link->ends) < 0) {
        link->ends[0] = link->ends[1] = -1;
        return -errno;
    }
    size_buffer(link->ends[0], buffer);
    size_buffer(link->ends[1], buffer);
    return 0;
}

int tx_links_need_bodies(struct tx_links *links, int side) {
    return need(&links->bodies, side, SOCK_STREAM | SOCK_NONBLOCK, TX_LINKS_BODIES_BUFFER);
}

/* Blocking: a question waits for its answer. */
int tx_links_need_notary(struct tx_links *links, int side) {
    return need(&links->notary, side, SOCK_SEQPACKET, TX_LINKS_NOTARY_BUFFER);
}
