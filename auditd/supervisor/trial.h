/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_TRIAL_H
#define TX_SUPERVISOR_TRIAL_H

/*
 * A policy is tried before anybody uses it: compiled, held to the file's tests and its detectors'
 * examples, and compared with the one that it replaces. A process of its own does that, behind a
 * wall and with limits: it has the file as it was parsed, so it can name lines of it, it sees no
 * record and no key (all keys are zeros, so that tests say the same on each machine), and whatever
 * becomes of it, ingest goes on.
 */

#include "auditd/ipc/policy.h"
#include "auditd/supervisor/setup.h"
#include "libtx/base/bytes.h"

/* In ns of wall-clock time; the processor's time is limited too. */
#define TX_TRIAL_NS (INT64_C(30) * 1000000000)

struct tx_trial_question {
    const struct tx_masking *masking;
    const struct tx_masking *before; /* NULL: nothing that it could be weaker than */
    const char *name;                /* the file's */
    const struct tx_setup *setup;    /* whom the process becomes */
};

enum tx_trial_verdict {
    TX_TRIAL_GOOD,
    TX_TRIAL_BAD,    /* errors tells */
    TX_TRIAL_FAILED, /* it came to no end; errors tells */
};

struct tx_trial {
    pid_t pid; /* 0: none */
    int fd;    /* its answer */
    struct tx_bytes answer;

    enum tx_trial_verdict verdict;
    uint8_t sha256[TX_IPC_POLICY_HASH_BYTES];
    struct tx_bytes errors;
    bool more;
    size_t n_weakened;
    struct tx_text weakened[TX_IPC_POLICY_WEAKENED_MAX]; /* within the answer */
};

#define TX_TRIAL_INIT                                                                              \
    ((struct tx_trial){.fd = -1, .answer = TX_BYTES_INIT, .errors = TX_BYTES_INIT})

/* The question is borrowed for the call: the process has a copy of all memory. */
TX_MUST_USE int tx_trial_start(const struct tx_trial_question *question, struct tx_trial *ret);
/* Reads what is there. -EAGAIN: it is not at its end; 0: it is, and the rest of the struct is set.
 */
TX_MUST_USE int tx_trial_read(struct tx_trial *trial);
/* It has taken too long: FAILED. */
TX_MUST_USE int tx_trial_give_up(struct tx_trial *trial);
/* Waits for its end. */
TX_MUST_USE int tx_trial_wait(struct tx_trial *trial);
/* Kills the process, if it is still there. */
void tx_trial_deinit(struct tx_trial *trial);

#endif
