/* SPDX-License-Identifier: MIT */
#ifndef TX_VAULT_CALLERS_H
#define TX_VAULT_CALLERS_H

/*
 * Those to whom something is revealed. The supervisor found out who they are, the log has a record
 * of it, and the connection is the caller's own: clear text goes to him and through no other
 * process. He asks token by token, a message each (auditd/ipc/vault.h), and hangs up.
 */

#include "auditd/ipc/loop.h"
#include "auditd/vault/vault.h"

/* As many as the control socket has callers. */
#define TX_CALLERS_MAX 16
/* A caller who says nothing for so long is hung up on. */
#define TX_CALLERS_IDLE_NS (INT64_C(10) * 1000000000)

struct tx_vault_caller {
    struct tx_callers *callers;
    int fd; /* owned; -1: free */
    struct tx_source_handle *source;
    struct tx_source_handle *timer;
    struct tx_vault_reveal reveal; /* its texts lie in the memory below */
    char field[TX_LIMIT_NAME_BYTES];
};

struct tx_callers {
    struct tx_loop *loop;   /* borrowed */
    struct tx_vault *vault; /* borrowed */
    uint8_t *memory;        /* owned: a message of the caller's, and one to him */
    struct tx_vault_caller all[TX_CALLERS_MAX];
};

TX_MUST_USE int tx_callers_init(struct tx_callers *callers, struct tx_loop *loop,
                                struct tx_vault *vault);
void tx_callers_deinit(struct tx_callers *callers);

/* Tells him to go on. `fd` is taken, also when there is no room, which hangs up on him. */
TX_MUST_USE int tx_callers_add(struct tx_callers *callers, int fd,
                               const struct tx_vault_reveal *reveal);

#endif
