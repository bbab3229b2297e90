/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_TASKS_H
#define TX_SUPERVISOR_TASKS_H

/*
 * What goes between callers of the control socket, the vault and ingest:
 *
 *   erase   caller → vault destroys the key → ingest forgets it and records it → the caller, and
 *           the vault, hear of it
 *   reveal  caller → ingest records it → the vault gets the caller's connection
 *
 * What is to be recorded is kept here until it is, also when ingest or the vault ends meanwhile;
 * when we end, the vault remembers its erasures. Nothing of who a person is stays here.
 */

#include <stdbool.h>

#include "auditd/ipc/control.h"
#include "auditd/ipc/vault.h"
#include "auditd/supervisor/children.h"

struct tx_supervisor;
struct tx_caller;

/* More than the vault can have unrecorded and callers can wait for. */
#define TX_TASKS_MAX 128
/* How long a caller waits for its record. */
#define TX_TASKS_SECONDS 10

enum tx_task_state {
    TX_TASK_FREE,
    TX_TASK_ERASING, /* the vault was asked */
    TX_TASK_ERASED,  /* ingest is to record it, as the next one */
    TX_TASK_REVEALING,
};

struct tx_task {
    enum tx_task_state state;
    struct tx_caller *caller; /* NULL: it waits no longer, or never did */
    uint64_t number;          /* ingest's RECORDED names it */
    struct tx_vault_erasure erasure;
    struct tx_vault_reveal reveal;
    char texts[TX_LIMIT_NAME_BYTES + TX_VAULT_REASON_BYTES]; /* theirs */
};

struct tx_tasks {
    struct tx_task all[TX_TASKS_MAX];
    uint64_t n_ever; /* the last number given */
};

void tx_tasks_deinit(struct tx_tasks *tasks);

/* Vault or ingest has started: each gets an end of a new stream to the other, if that runs, and
 * ingest what is not recorded yet. */
TX_MUST_USE int tx_tasks_link(struct tx_supervisor *supervisor, enum tx_child_id started);
void tx_tasks_vault_ended(struct tx_supervisor *supervisor);

TX_MUST_USE int tx_tasks_on_erased(struct tx_supervisor *supervisor,
                                   const struct tx_control *message);
TX_MUST_USE int tx_tasks_on_recorded(struct tx_supervisor *supervisor, uint64_t number);

/* Requests of the control socket: PERSON, REFERENCE; SEQ, RECORD-ID, POLICY, FIELD, REASON. */
TX_MUST_USE int tx_tasks_erase(struct tx_caller *caller, const struct tx_text *arguments);
TX_MUST_USE int tx_tasks_reveal(struct tx_caller *caller, const struct tx_text *arguments);

/* The caller has waited long enough: answered. What it asked for may still be done, but nothing is
 * revealed to it any more. */
void tx_tasks_late(struct tx_tasks *tasks, struct tx_caller *caller);
void tx_tasks_forget_caller(struct tx_tasks *tasks, const struct tx_caller *caller);

#endif
