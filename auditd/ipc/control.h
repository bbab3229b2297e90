/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_CONTROL_H
#define TX_IPC_CONTROL_H

/*
 * Supervisor ↔ child: one SEQPACKET message each, at most one descriptor with it. Header of 16
 * bytes, little-endian: u16 type, u16 zero, u32 payload length, u64 argument. A child that receives
 * EOF has lost its supervisor and ends, leaving nothing half-written: ingest first hands the ledger
 * what its inbox and sockets still hold (records of clients that have exited stand nowhere else,
 * unless the service manager keeps both: auditd/supervisor/keep.h),
 * the ledger ends when ingest's stream is at its end, the signer when the ledger's is.
 * TX_CHILD_GRACE_SECONDS (auditd/ipc/child.h) bounds all of that.
 */

#include <stdbool.h>

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

enum tx_control_type {
    /* supervisor → child */
    TX_CONTROL_PING = 1,   /* argument comes back with PONG */
    TX_CONTROL_STATUS_GET, /* answered by STATUS */
    TX_CONTROL_STOP, /* drain what is there, leave nothing half-written, answer STOPPED, exit 0 */
    TX_CONTROL_CONNECTION, /* → ingest: argument = connection id, payload = tx_ipc_identity, fd */
    TX_CONTROL_LEDGER,     /* → ingest: fd = a new stream to a new ledger; argument = whose (enum
                              tx_stream_id) */
    TX_CONTROL_INGEST,     /* → ledger, vault: fd = a new stream to a new ingest */
    TX_CONTROL_RELOAD,     /* → ingest: fd = memfd with a policy that the supervisor has tried
                              (auditd/ipc/policy.h); payload = tx_ipc_policy_change, for tracex.policy
                            */
    TX_CONTROL_VAULT,      /* → ingest: fd = a new stream to a new vault (auditd/ipc/vault.h) */
    TX_CONTROL_ERASE, /* → vault: payload = tx_vault_erasure, then the person's name; answered by
                         ERASED */
    TX_CONTROL_WRITE_ERASED,   /* → ingest: argument = a number; payload = tx_vault_erasure, whose
                                  key is forgotten, and recorded; answered by RECORDED */
    TX_CONTROL_WRITE_REVEALED, /* → ingest: likewise; payload = tx_vault_reveal */
    TX_CONTROL_ERASE_RECORDED, /* → vault: payload = a request's id: the log has its record */
    TX_CONTROL_REVEAL, /* → vault: payload = tx_vault_reveal, which the log has; fd = the caller's
                          connection, on which the vault goes on */
    TX_CONTROL_POLICY_REJECTED,   /* → ingest: payload = tx_ipc_policy_change of one that does not
                                     come into force, to be recorded */
    TX_CONTROL_POLICY_LOOSENED,   /* → ingest: payload = tx_ipc_policy_change of what is in force:
                                     it masks less than what was; argument = a number; answered by
                                     RECORDED */
    TX_CONTROL_CONNECTIONS_GIVEN, /* → ingest: every connection that was there at its start has been
                                     given; before it nothing goes to the ledger, since whoever is
                                     not known yet could not be told what becomes durable */
    TX_CONTROL_CHILD_ENDED, /* → ledger: so many times (argument) a child has ended unasked since
                               the last such message, for a tracex.restart record; payload =
                               tx_control_end, of the last time */
    TX_CONTROL_RING, /* → ingest: argument = a ring's id, payload = tx_ipc_ring, fd = its memory.
                        The id 0: it may not be had, and its client is to be told so */

    /* child → supervisor */
    TX_CONTROL_READY = 65, /* start is done and the sandbox is entered; payload = JSON object: what
                              of the sandbox is enforced */
    TX_CONTROL_PONG,   /* payload = tx_control_progress, or empty: it has never work of its own */
    TX_CONTROL_STATUS, /* payload = one JSON object */
    TX_CONTROL_STOPPED,
    TX_CONTROL_CLOSED,   /* ingest: nothing of this connection (argument) is needed any more */
    TX_CONTROL_RELOADED, /* ingest: payload empty = the new policy is in force; else why not */
    TX_CONTROL_FATAL,    /* payload = text for people: this cannot be mended by a restart; argument
                            = enum tx_fatal */
    TX_CONTROL_ERASED,   /* vault: argument = enum tx_vault_erased, payload = tx_vault_erasure; also
                            unasked, for those that an earlier vault left unrecorded */
    TX_CONTROL_RECORDED, /* ingest: the record with this number (argument) is durable */
    TX_CONTROL_STREAM_WANTED, /* ingest: there are records for the log of this stream (argument),
                                 and no stream to its ledger: LEDGER follows, if it can be had */
    TX_CONTROL_END_RECORDED,  /* ledger: what CHILD_ENDED said of this process (payload) is durable
                               */
    TX_CONTROL_RING_FOUND,    /* ingest: a client has handed over a ring; argument = its connection,
                                 payload = its client id, fd. Answered by RING */
    TX_CONTROL_RING_ENDED,    /* ingest: nothing of this ring (argument) is needed any more */
};

/* Why a child cannot go on. */
enum tx_fatal {
    TX_FATAL_LOG,       /* the log cannot be continued: a person has to decide */
    TX_FATAL_DIRECTORY, /* the log's directory cannot be written */
    TX_FATAL_HALT,      /* the configuration wants the daemon to end for this */
};

#define TX_CONTROL_HEADER_BYTES 16
#define TX_CONTROL_PAYLOAD_BYTES 16384

struct tx_control {
    enum tx_control_type type;
    uint64_t argument;
    struct tx_text payload; /* received: borrowed until the next receive */
    int fd;                 /* -1: none; received: owned by the caller */
};

/* Sends with MSG_NOSIGNAL. -EAGAIN when the socket is full and non-blocking; -EPIPE when the other
 * side is gone. The descriptor stays the caller's. */
TX_MUST_USE int tx_control_send(int fd, const struct tx_control *message);

/* Receives one. `memory` has room for 16 + TX_CONTROL_PAYLOAD_BYTES bytes. TX_CONTROL_E_CLOSED at
 * EOF; -EAGAIN; -EBADMSG. Descriptors are CLOEXEC; more than one is closed and -EBADMSG. */
enum { TX_CONTROL_E_CLOSED = 1 };
TX_MUST_USE int tx_control_receive(int fd, void *memory, size_t n_memory, struct tx_control *ret);

/* What a child has done, as a number that grows, and whether it has work that it could do now: not
 * one that waits for another, or for a disk. Who has work and does nothing hangs. */
struct tx_control_progress {
    uint64_t done;
    bool has_work;
};

#define TX_CONTROL_PROGRESS_BYTES 9
void tx_control_progress_render(const struct tx_control_progress *progress, struct tx_buf *b);
TX_MUST_USE int tx_control_progress_parse(struct tx_text payload, struct tx_control_progress *ret);

/* How a child has ended. */
struct tx_control_end {
    struct tx_text process;
    struct tx_text how; /* for people */
};

#define TX_CONTROL_END_BYTES 128
void tx_control_end_render(const struct tx_control_end *end, struct tx_buf *b);
/* -EBADMSG. Texts borrow from the payload. */
TX_MUST_USE int tx_control_end_parse(struct tx_text payload, struct tx_control_end *ret);

/* Who is at the other end of a connection, as the kernel says. The payload of CONNECTION. */
struct tx_ipc_identity {
    uint32_t pid; /* of the process that connected, in the daemon's pid namespace */
    uint32_t uid;
    uint32_t gid;
    struct tx_text comm; /* n == 0: not known */
    struct tx_text exe;
    struct tx_text unit;
};

#define TX_IPC_IDENTITY_BYTES 1536 /* at most, rendered */

/* A ring of trace events, for ingest. */
struct tx_ipc_ring {
    uint64_t connection; /* over which it came; it may be gone */
    uint8_t client[8];
    struct tx_text identity; /* rendered; borrowed */
};

#define TX_IPC_RING_BYTES (16 + TX_IPC_IDENTITY_BYTES)
void tx_ipc_ring_render(const struct tx_ipc_ring *ring, struct tx_buf *b);
TX_MUST_USE int tx_ipc_ring_parse(struct tx_text payload, struct tx_ipc_ring *ret);

/* The texts are within the limits of libtx/base/limits.h. */
void tx_ipc_identity_render(const struct tx_ipc_identity *identity, struct tx_buf *b);
/* -EBADMSG. Texts borrow from the payload. */
TX_MUST_USE int tx_ipc_identity_parse(struct tx_text payload, struct tx_ipc_identity *ret);

#endif
