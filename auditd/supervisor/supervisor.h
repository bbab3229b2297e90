/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_SUPERVISOR_H
#define TX_SUPERVISOR_SUPERVISOR_H

/*
 * The process's one struct. supervisor.c is its coordinator: what a child's start, word and end
 * mean for the others. The rest of this folder are the parts that it puts together.
 */

#include "auditd/ipc/loop.h"
#include "auditd/sandbox/sandbox.h"
#include "auditd/supervisor/accept.h"
#include "auditd/supervisor/children.h"
#include "auditd/supervisor/control-server.h"
#include "auditd/supervisor/health.h"
#include "auditd/supervisor/keep.h"
#include "auditd/supervisor/last-policy.h"
#include "auditd/supervisor/links.h"
#include "auditd/supervisor/listener.h"
#include "auditd/supervisor/notify.h"
#include "auditd/supervisor/options.h"
#include "auditd/supervisor/reload.h"
#include "auditd/supervisor/rings.h"
#include "auditd/supervisor/setup.h"
#include "auditd/supervisor/start-policy.h"
#include "auditd/supervisor/stop.h"
#include "auditd/supervisor/tasks.h"

/* docs/operations.md */
enum tx_exit {
    TX_EXIT_OK = 0,
    TX_EXIT_FAILURE = 1, /* the configuration, or what it names */
    TX_EXIT_USAGE = 2,
    TX_EXIT_FATAL = 3,   /* the log cannot be continued: a person has to decide */
    TX_EXIT_UNCLEAN = 4, /* stopped before everything was drained */
    TX_EXIT_HALT = 5,    /* the disk is full or fails, and the configuration says halt */
};

/* Of a stream's ledger and signer, which start and end as a pair. */
struct tx_pair {
    struct tx_supervisor *supervisor;
    enum tx_stream_id stream;
    struct tx_source_handle *partner_timer; /* for the one that outlives the other */
    int64_t delay_ns;                       /* until both start again */
};

struct tx_supervisor {
    const struct tx_options *options;
    struct tx_conf *conf;
    struct tx_setup setup;
    struct tx_start_policy policy; /* also later: why it is a lockdown */
    struct tx_last_policy last;
    struct tx_sandbox_report report;

    struct tx_loop *loop;
    struct tx_children children;
    struct tx_pair pairs[TX_STREAM_N];
    struct tx_links links[TX_STREAM_N];
    struct tx_keep keep;
    struct tx_accept accept;
    struct tx_rings rings;
    bool connections_given; /* the ingest that runs was told that it has all */
    struct tx_listener listener;
    struct tx_source_handle *listener_source;
    struct tx_control_server control;
    struct tx_reload reload;
    struct tx_tasks tasks;
    struct tx_stop stop;
    struct tx_notify notify;
    struct tx_health health;
    int signal_fd;
    struct tx_source_handle *signal_source;

    bool ready; /* every child was, once */
    int64_t started_ns;
    enum tx_exit exit_code;
};

/* Opens the sockets and starts the children; the sandbox is entered in between. Tells what failed.
 */
TX_MUST_USE int tx_supervisor_start(struct tx_supervisor *supervisor);
void tx_supervisor_deinit(struct tx_supervisor *supervisor);

/* Makes a stream between ingest and that log's ledger, which both run, and gives each its end. */
TX_MUST_USE int tx_supervisor_link(struct tx_supervisor *supervisor, enum tx_stream_id stream);

/* Gives ingest what it does not have yet. */
TX_MUST_USE int tx_supervisor_hand_over(struct tx_supervisor *supervisor);

/* Hears of the listening socket, which may be another than before. */
TX_MUST_USE int tx_supervisor_listen(struct tx_supervisor *supervisor);

/* Tells, once, when every child is ready that others wait for. */
void tx_supervisor_tell_when_ready(struct tx_supervisor *supervisor);

static inline struct tx_child *tx_supervisor_child(struct tx_supervisor *supervisor,
                                                   enum tx_child_id id) {
    return &supervisor->children.all[id];
}

static inline struct tx_child *tx_supervisor_child_of(struct tx_supervisor *supervisor,
                                                      enum tx_child_role role,
                                                      enum tx_stream_id stream) {
    return &supervisor->children.all[tx_child_of_stream(role, stream)];
}

#endif
