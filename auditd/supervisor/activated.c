/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/activated.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "libtx/base/fd.h"

/* One process, one environment: set once at the start. */
static struct {
    int n;
    char **names; /* owned */
    bool *taken;  /* owned; NULL: none can be taken */
} given;

void tx_activated_init(void) {
    int n = sd_listen_fds_with_names(1, &given.names);
    given.n = n < 0 ? 0 : n;
    given.taken = calloc((size_t)given.n + 1, sizeof(*given.taken));
}

static int take(int i) {
    given.taken[i] = true;
    return SD_LISTEN_FDS_START + i;
}

int tx_activated_take_socket(const char *path) {
    for (int i = 0; given.taken && i < given.n; i++)
        if (!given.taken[i] &&
            sd_is_socket_unix(SD_LISTEN_FDS_START + i, SOCK_SEQPACKET, 1, path, 0) > 0)
            return take(i);
    return -1;
}

int tx_activated_take_named(const char *prefix, const char **ret_rest) {
    size_t n = strlen(prefix);
    for (int i = 0; given.taken && given.names && i < given.n; i++) {
        if (given.taken[i] || strncmp(given.names[i], prefix, n) != 0)
            continue;
        *ret_rest = given.names[i] + n;
        return take(i);
    }
    return -1;
}

void tx_activated_deinit(void) {
    for (int i = 0; i < given.n; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        if (given.taken && !given.taken[i])
            tx_fd_closep(&fd);
        if (given.names)
            free(given.names[i]);
    }
    free(given.names);
    free(given.taken);
    given.n = 0;
    given.names = NULL;
    given.taken = NULL;
}
