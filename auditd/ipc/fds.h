/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_FDS_H
#define TX_IPC_FDS_H

/*
 * The descriptors that the supervisor hands each child at exec: what a process can reach is this
 * table. 0 is /dev/null; 1 and 2 are the daemon's standard error.
 */

enum {
    TX_FD_CONTROL = 3, /* SEQPACKET to the supervisor: auditd/ipc/control.h */

    TX_FD_INGEST_INBOX = 4,  /* memfd; the supervisor holds it too */
    TX_FD_INGEST_LEDGER = 5, /* STREAM: auditd/ipc/bodies.h */
    TX_FD_INGEST_POLICY = 6, /* sealed memfd: configuration and keys (auditd/ipc/policy.h) */
    TX_FD_INGEST_RINGS = 7,  /* memfd; the supervisor holds it too: how far each ring is drained */

    TX_FD_LEDGER_INGEST = 4, /* STREAM: auditd/ipc/bodies.h */
    TX_FD_LEDGER_SIGNER = 5, /* SEQPACKET: auditd/ipc/notary.h */
    TX_FD_LEDGER_CONFIG = 6,
    TX_FD_LEDGER_LOG = 7,      /* the log directory, locked by the supervisor */
    TX_FD_LEDGER_STATE = 8,    /* <state_dir>/ledger */
    TX_FD_LEDGER_JOURNALD = 9, /* <state_dir>/journald, for reading; with that sink only */

    TX_FD_SIGNER_LEDGER = 4, /* SEQPACKET: auditd/ipc/notary.h */
    TX_FD_SIGNER_KEYS = 5,   /* the key directory */

    TX_FD_VAULT_DIR = 4, /* the vault's directory */
    TX_FD_VAULT_KEK =
        5, /* the key-encryption key, when the service manager has it: --kek-given 1 */

    TX_FD_FORWARD_CONFIG = 4,
    TX_FD_FORWARD_LOG = 5,   /* the log directory, for reading */
    TX_FD_FORWARD_STATE = 6, /* <state_dir>/journald */
};

/* Raw datagrams of clients from their receipt until the ledger has them: its size bounds both
 * memory and what may be in flight; 4 MiB of it are a ring, the rest is where several are received
 * at once. The supervisor makes it, seals its size, and never reads it. */
#define TX_INGEST_INBOX_BYTES (5u * 1024u * 1024u)

/* Rings of trace events that there may be; ring `id` has the place id % TX_RINGS_MAX, 16 bytes, in
 * that memory. */
#define TX_RINGS_MAX 1024u
#define TX_INGEST_RINGS_BYTES (TX_RINGS_MAX * 16u)

#endif
