/* SPDX-License-Identifier: MIT */
#ifndef TX_AUDITVERIFY_STATE_FILE_H
#define TX_AUDITVERIFY_STATE_FILE_H

/*
 * What --state remembers: the last checkpoint that was verified, as the signed note that it is, so
 * that other tools of transparency logs can use the file too.
 */

#include "libtx/base/bytes.h"
#include "libtx/segment/chain.h"

struct tx_state_file {
    bool any;
    struct tx_bytes note;   /* owned */
    struct tx_note *parsed; /* owned; borrows from note */
    struct tx_text origin;
    uint64_t size;
    struct tx_digest root;
};

/* A file that is not there is empty. -EBADMSG when it is no checkpoint; other -errno. */
TX_MUST_USE int tx_state_file_read(const char *path, struct tx_state_file *ret);
void tx_state_file_deinit(struct tx_state_file *state);

/* After the verdict: a log with another name or key than the remembered one is a finding. */
TX_MUST_USE int tx_state_file_compare(const struct tx_state_file *state,
                                      struct tx_chain_verdict *verdict);

/* Remembers the verdict's last checkpoint, when nothing is wrong and it is not older; replaces the
 * file atomically. */
TX_MUST_USE int tx_state_file_write(const char *path, const struct tx_state_file *state,
                                    const struct tx_chain_verdict *verdict);

#endif
