/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/sockets.h"

#include <string.h>

#include "auditd/ipc/log.h"
#include "auditd/supervisor/supervisor.h"

static void tell(struct tx_listener *listener, int error) {
    if (listener->is_lost)
        return;
    listener->is_lost = true;
    if (listener->activated)
        tx_log(TX_LOG_ERROR,
               "%s is not the service manager's socket any more: nobody can connect; restart the "
               "socket's unit",
               listener->path);
    else
        tx_log(TX_LOG_ERROR,
               "%s is not our socket any more, and cannot be made anew: %s. Nobody can connect "
               "until that is mended",
               listener->path, strerror(-error));
}

/* *ret_renewed: it has another descriptor, which nobody listens to yet. */
static void check(struct tx_listener *listener, mode_t mode, bool *ret_renewed) {
    *ret_renewed = false;
    if (listener->fd < 0)
        return;
    if (tx_listener_is_there(listener)) {
        listener->is_lost = false;
        return;
    }
    int r = listener->activated ? -ENOENT : tx_listener_renew(listener, mode);
    if (r < 0) {
        tell(listener, r);
        return;
    }
    *ret_renewed = true;
    tx_log(TX_LOG_WARNING, "%s was removed or replaced, and has been made anew", listener->path);
}

int tx_sockets_check(struct tx_supervisor *s) {
    bool renewed;

    check(&s->listener, s->conf->socket_mode, &renewed);
    int r = renewed ? tx_supervisor_listen(s) : 0;
    if (r < 0)
        return r;
    check(&s->control.listener, s->conf->control_mode, &renewed);
    return renewed ? tx_control_server_listen(s) : 0;
}
