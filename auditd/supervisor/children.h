/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_CHILDREN_H
#define TX_SUPERVISOR_CHILDREN_H

/*
 * The table of children: starting each, its control socket with a queue of messages that do not fit
 * yet, its end, and when it may start again. What a message or a death means is told to the
 * supervisor through `struct tx_children_events`; nothing here knows what a child does.
 *
 * Life of a child:  OFF → STARTING → READY → (its process ends) → WAITING → STARTING …
 *                   ENDED when it was to stop; FAILED when a restart cannot mend it.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "auditd/ipc/control.h"
#include "auditd/ipc/loop.h"
#include "auditd/supervisor/spawn.h"
#include "libtx/base/bytes.h"
#include "libtx/conf/stream.h"

/* What a child does; each stream has some of its own. */
enum tx_child_role {
    TX_ROLE_SIGNER,
    TX_ROLE_LEDGER,
    TX_ROLE_VAULT, /* only when something needs it; before ingest, which asks it */
    TX_ROLE_INGEST,
    TX_ROLE_FORWARD, /* only with a sink */
    TX_ROLE_N,
};

/* In the order of their start. */
enum tx_child_id {
    TX_CHILD_SIGNER,
    TX_CHILD_LEDGER,
    TX_CHILD_VAULT,
    TX_CHILD_INGEST,
    TX_CHILD_FORWARD,
    TX_CHILD_TRACE_SIGNER, /* these only when something needs them (streams.h) */
    TX_CHILD_TRACE_LEDGER,
    TX_CHILD_TRACE_FORWARD,
    TX_CHILD_N,
};

enum tx_child_state {
    TX_CHILD_OFF,
    TX_CHILD_STARTING,
    TX_CHILD_READY,
    TX_CHILD_WAITING, /* for its restart */
    TX_CHILD_ENDED,
    TX_CHILD_FAILED,
};

struct tx_children;
struct tx_outgoing;

struct tx_child {
    struct tx_children *children;
    enum tx_child_id id;
    enum tx_child_role role;
    enum tx_stream_id stream; /* of a signer, a ledger, a forward */
    const char *name;         /* "ingest" */
    char program[TX_SPAWN_PATH_BYTES];

    enum tx_child_state state;
    bool stopping; /* STOP was sent: its end is no crash */
    bool stopped;  /* it said STOPPED */
    pid_t pid;     /* 0: no process */
    int pidfd;
    int control_fd;
    struct tx_source_handle *exit_source;
    struct tx_source_handle *control_source;
    struct tx_source_handle *restart_timer;
    struct tx_outgoing *outgoing; /* owned, in order */

    uint64_t restarts;
    unsigned crashes; /* in a row */
    int64_t started_ns;
    int64_t kills_ns; /* see tx_child_may_be_killed */
    uint64_t ping_sent, pong_received;
    int64_t pong_ns;        /* when it was asked, or answered, last */
    bool has_work;          /* as it said last; */
    uint64_t done;          /* and what it had done, which last changed, or was all, */
    int64_t progress_ns;    /* at that time */
    bool hung;              /* that is why it was killed */
    unsigned n_untold;      /* ends that the log has not got; */
    unsigned n_told;        /* of them the ledger has been told */
    char how[48];           /* of the last of them */
    struct tx_bytes report; /* READY's payload */
    struct tx_bytes status; /* STATUS's payload */
    bool status_pending;    /* it was asked and has not answered yet */
};

struct tx_children_events {
    /* Fills in the arguments (after argv[0]; borrowed until the call returns) and descriptors
     * (without the control socket), both of which the child is about to get. */
    int (*prepare)(void *data, struct tx_child *child, struct tx_spawn *spawn, char **argv,
                   size_t n_argv);
    /* The process runs; messages may be sent. */
    int (*started)(void *data, struct tx_child *child);
    /* Every message but PONG and STATUS, which the table keeps itself, and READY after it is kept.
     * A descriptor that it wants it takes, and leaves -1. */
    int (*message)(void *data, struct tx_child *child, struct tx_control *message);
    int (*status)(void *data, struct tx_child *child);
    /* Messages had to wait, and have all been sent now. */
    int (*drained)(void *data, struct tx_child *child);
    /* The process is gone; `wait_status` as of waitpid(2). The state is still the old one. The
     * supervisor sets the next: tx_child_restart_after, ENDED or FAILED. */
    int (*ended)(void *data, struct tx_child *child, int wait_status);
};

struct tx_children {
    struct tx_loop *loop; /* borrowed */
    const struct tx_children_events *events;
    void *data;
    struct tx_child all[TX_CHILD_N];
    uint8_t memory[TX_CONTROL_HEADER_BYTES + TX_CONTROL_PAYLOAD_BYTES];
};

/* `loop`, `events` and `data` are borrowed until deinit, which kills what still runs. */
TX_MUST_USE int tx_children_init(struct tx_children *children, struct tx_loop *loop,
                                 const struct tx_children_events *events, void *data);
void tx_children_deinit(struct tx_children *children);

/* Which child does that for that stream. */
enum tx_child_id tx_child_of_stream(enum tx_child_role role, enum tx_stream_id stream);

/* Finds the program: -ENOENT. */
TX_MUST_USE int tx_child_find(struct tx_child *child);
TX_MUST_USE int tx_child_start_process(struct tx_child *child);

/* Sends, or keeps the message until it fits. `fd` is duplicated when it has to wait. A child
 * without a process gets nothing: 0. */
TX_MUST_USE int tx_child_send(struct tx_child *child, enum tx_control_type type, uint64_t argument,
                              struct tx_text payload, int fd);

/* Counts a crash of a child that has ended, and says how long to wait before it starts again: a
 * moment, or in a crash loop 1 to 30 seconds. */
int64_t tx_child_count_crash(struct tx_child *child);

/* Whether it may start again at once after being killed: whoever kills it now and then, by hand or
 * short of memory, is no reason to wait; ten times a second for some seconds is a crash loop. */
bool tx_child_may_be_killed(struct tx_child *child);

/* Not zero, so that whatever kills a child as soon as it starts cannot keep us busy. */
#define TX_CHILD_RESTART_NS (INT64_C(20) * 1000000)

/* The state becomes WAITING until then. */
TX_MUST_USE int tx_child_restart_after(struct tx_child *child, int64_t delay_ns);

/* The wait before a restart after so many crashes in a row. */
int64_t tx_child_backoff_ns(unsigned crashes);

/* True when a message has to wait until the child reads. */
static inline bool tx_child_is_full(const struct tx_child *child) {
    return child->outgoing != NULL;
}

/* Asks for its status, unless it was asked and has not answered. */
TX_MUST_USE int tx_child_ask_status(struct tx_child *child);

/* SIGKILL; its end comes as any other. */
void tx_child_kill(struct tx_child *child);

static inline bool tx_child_runs(const struct tx_child *child) {
    return child->pid > 0;
}

const char *tx_child_state_name(enum tx_child_state state);

#endif
