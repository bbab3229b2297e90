/* SPDX-License-Identifier: MIT */
/* Where in our code it was sent from is nobody's business. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "auditd/forward/journal-send.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "libtx/base/fd.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

int tx_barrier_open(int *ret_fd) {
    static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
    _cleanup_(tx_fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

int tx_barrier_send(int fd) {
    ssize_t n;
    do
        n = send(fd, "", 0, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

/* What was sent on a Unix datagram socket is accounted to the sender until the receiver takes it.
 */
int tx_barrier_check(int fd) {
    uint32_t memory[SK_MEMINFO_VARS];
    socklen_t n = sizeof(memory);

    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &n) < 0)
        return -errno;
    if (n < sizeof(memory[0]) * (SK_MEMINFO_WMEM_ALLOC + 1))
        return -ENOTSUP;
    return memory[SK_MEMINFO_WMEM_ALLOC] == 0 ? 0 : TX_BARRIER_E_WAITING;
}

int tx_journal_send(const struct tx_journal_entry *entry) {
    return sd_journal_sendv(entry->fields, (int)entry->n_fields);
}
