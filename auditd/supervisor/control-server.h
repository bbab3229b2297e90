/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_CONTROL_SERVER_H
#define TX_SUPERVISOR_CONTROL_SERVER_H

/*
 * The daemon's side of auditd/ipc/control-socket.h. A caller has a second to ask, and children have
 * one to say how they are; nobody is waited for longer, and nothing else waits meanwhile.
 */

#include "auditd/ipc/loop.h"
#include "auditd/supervisor/listener.h"
#include "libtx/base/text.h"

struct tx_supervisor;

#define TX_CONTROL_SERVER_CALLERS 16

enum tx_caller_state {
    TX_CALLER_FREE,
    TX_CALLER_ASKING,
    TX_CALLER_WAITS_STATUS,
    TX_CALLER_WAITS_RELOAD,
    TX_CALLER_WAITS_VAULT,
};

struct tx_caller {
    struct tx_supervisor *supervisor;
    enum tx_caller_state state;
    int fd;
    uint32_t uid, pid; /* as the kernel recorded them when it connected */
    struct tx_source_handle *source;
    struct tx_source_handle *timer;
};

struct tx_control_server {
    struct tx_listener listener;
    struct tx_source_handle *source;
    struct tx_caller callers[TX_CONTROL_SERVER_CALLERS];
};

/* Hears of the listener, which may be another than before. */
TX_MUST_USE int tx_control_server_listen(struct tx_supervisor *supervisor);
/* The listener is open. */
TX_MUST_USE int tx_control_server_start(struct tx_supervisor *supervisor);
void tx_control_server_stop(struct tx_supervisor *supervisor);

/* What follows hangs up, but for tx_control_server_wait: then nothing is heard of the caller until
 * it is answered, or hung up on after so many seconds. */
void tx_control_server_answer(struct tx_caller *caller, struct tx_text text);
void tx_control_server_answer_error(struct tx_caller *caller, const char *error);
void tx_control_server_hang_up(struct tx_caller *caller);
TX_MUST_USE int tx_control_server_wait(struct tx_caller *caller, enum tx_caller_state state,
                                       int seconds);

/* A child has answered, or ended: those who wait for a status may have it now. */
TX_MUST_USE int tx_control_server_status(struct tx_supervisor *supervisor);

/* A reload has ended. */
struct tx_reload_outcome; /* auditd/supervisor/reload.h */
TX_MUST_USE int tx_control_server_reloaded(struct tx_control_server *server,
                                           const struct tx_reload_outcome *outcome);

#endif
