/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_CONTROL_SERVER_H
#define TX_SUPERVISOR_CONTROL_SERVER_H

/*
 * The daemon's side of auditd/ipc/control-socket.h. A caller has a second to ask, and children have
 * one to say how they are; nobody is waited for longer, and nothing else waits meanwhile.
 */

#include "auditd/ipc/loop.h"
#include "auditd/supervisor/listener.h"

struct tx_supervisor;

#define TX_CONTROL_SERVER_CALLERS 16

enum tx_caller_state {
    TX_CALLER_FREE,
    TX_CALLER_ASKING,
    TX_CALLER_WAITS_STATUS,
    TX_CALLER_WAITS_RELOAD,
};

struct tx_caller {
    struct tx_supervisor *supervisor;
    enum tx_caller_state state;
    int fd;
    struct tx_source_handle *source;
    struct tx_source_handle *timer;
};

struct tx_control_server {
    struct tx_listener listener;
    struct tx_source_handle *source;
    struct tx_caller callers[TX_CONTROL_SERVER_CALLERS];
};

/* The listener is open. */
TX_MUST_USE int tx_control_server_start(struct tx_supervisor *supervisor);
void tx_control_server_stop(struct tx_supervisor *supervisor);

/* A child has answered, or ended: those who wait for a status may have it now. */
TX_MUST_USE int tx_control_server_status(struct tx_supervisor *supervisor);

/* A reload has ended: NULL, or why the old rules stay; `needs_restart` is a JSON list. */
TX_MUST_USE int tx_control_server_reloaded(struct tx_control_server *server, const char *error,
                                           const char *needs_restart);

#endif
