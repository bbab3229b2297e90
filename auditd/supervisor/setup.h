/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_SETUP_H
#define TX_SUPERVISOR_SETUP_H

/*
 * What is opened before anything runs: directories with their lock, the inbox, the configuration
 * and the pseudonym key as sealed memory. Every function here tells the operator what failed, and
 * where; its caller only ends.
 */

#include <sys/types.h>

#include "libtx/conf/conf.h"

/* Of one log. */
struct tx_setup_stream {
    int log_fd;         /* locked: duplicates in children keep the lock */
    int forward_log_fd; /* opened anew, so it does not keep the lock */
    int keys_fd;
    int ledger_state_fd;
    int forward_state_fd;
    char *origin; /* owned: the existing log's, or the configured one */
    bool is_open; /* all that it needs is there */
};

struct tx_setup {
    bool change_user;
    uid_t uid; /* whom the directories belong to, and whom the children become */
    gid_t gid;

    struct tx_setup_stream streams[TX_STREAM_N];
    int vault_fd; /* -1: it cannot be used, and nothing needs it so far */
    int kek_fd;   /* the vault's key as a credential of the service manager; -1: there is none */
    int state_fd;

    bool kept;     /* the inbox and connections outlive us (auditd/supervisor/keep.h) */
    int inbox_fd;  /* made unless it is there */
    int rings_fd;  /* likewise: how far each ring is drained */
    int config_fd; /* as read at the start */
    int policy_fd; /* ingest's: as reloaded last (auditd/ipc/policy.h) */
    int key_fd;    /* the installation's, for pseudonyms */
};

/* The user that the configuration names, if any. 0; -ENOENT after telling: unknown; -EPERM: not
 * root and not already that user. `path` and `text` are the file's, for the message. */
TX_MUST_USE int tx_setup_user(const struct tx_conf *conf, const char *path, struct tx_text text,
                              struct tx_setup *setup);

/* Opens the directories of log, keys and state, and locks the log; waits some seconds for a dying
 * predecessor. */
TX_MUST_USE int tx_setup_directories(const struct tx_conf *conf, struct tx_setup *setup);

/* Whether a vault is to run: a rule encrypts, or one did, so that somebody may want to reveal or
 * erase what is there. */
bool tx_setup_wants_vault(const struct tx_conf *conf, const struct tx_setup *setup);

/* Whether there is a log already, which wants to be kept in order. */
bool tx_setup_has_log(const struct tx_setup *setup, enum tx_stream_id id);

/* The rest but policy_fd; after a new log was begun, if one was asked for
 * (auditd/supervisor/new-log.h). */
TX_MUST_USE int tx_setup_content(const struct tx_conf *conf, struct tx_text config_text,
                                 struct tx_setup *setup);

#define TX_SETUP_STREAM_INIT                                                                       \
    {                                                                                              \
        .log_fd = -1, .forward_log_fd = -1, .keys_fd = -1, .ledger_state_fd = -1,                  \
        .forward_state_fd = -1                                                                     \
    }
#define TX_SETUP_INIT                                                                              \
    ((struct tx_setup){.streams = {[0 ... TX_STREAM_N - 1] = TX_SETUP_STREAM_INIT},                \
                       .vault_fd = -1,                                                             \
                       .kek_fd = -1,                                                               \
                       .state_fd = -1,                                                             \
                       .inbox_fd = -1,                                                             \
                       .rings_fd = -1,                                                             \
                       .config_fd = -1,                                                            \
                       .policy_fd = -1,                                                            \
                       .key_fd = -1})
void tx_setup_deinit(struct tx_setup *setup);

#endif
