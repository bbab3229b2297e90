/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_EPOCHS_H
#define TX_SEGMENT_EPOCHS_H

/*
 * The chain of epoch keys by epochs/<E>.tlog-proof alone: from the anchors, each file shows that
 * the epoch before it took up the next one's key. So a segment can be checked when those before it
 * are gone.
 */

#include "libtx/segment/signatures.h"

struct tx_epochs;

/* dirfd: of the log; borrowed, like the checker, until tx_epochs_free. */
TX_MUST_USE int tx_epochs_new(int dirfd, struct tx_text origin, const struct tx_vkey *identity,
                              const struct tx_vkey *epoch0,
                              const struct tx_signature_checker *checker, struct tx_epochs **ret);
void tx_epochs_free(struct tx_epochs *epochs);
TX_DEFINE_CLEANUP(struct tx_epochs *, tx_epochs_free);

/* Goes on from a key that is proven otherwise, where that is further. */
void tx_epochs_advance(struct tx_epochs *epochs, uint64_t epoch, const struct tx_vkey *vkey,
                       uint64_t begin);

/* Whether `vkey` is the key of `epoch`; *ret_begin is the size of the tree at its first checkpoint.
 * TX_EPOCHS_E_ABSENT: a file of the chain is not there; TX_EPOCHS_E_BAD: one is wrong, or the key
 * is another; TX_EPOCHS_E_BROKEN: the chain is broken on the way. *ret_epoch is the epoch where
 * that is. */
enum { TX_EPOCHS_E_ABSENT = 1, TX_EPOCHS_E_BAD, TX_EPOCHS_E_BROKEN };
TX_MUST_USE int tx_epochs_check(struct tx_epochs *epochs, uint64_t epoch,
                                const struct tx_vkey *vkey, const uint64_t *accepted_breaks,
                                size_t n_accepted_breaks, uint64_t *ret_begin, uint64_t *ret_epoch);

/* Whether the epoch's file begins with the n_ours bytes of this hash and goes on, if at all, with
 * signatures that others made: 0 or TX_EPOCHS_E_BAD. -ENOENT when it is not there. */
TX_MUST_USE int tx_epochs_compare_file(int dirfd, struct tx_hasher *hasher, uint64_t epoch,
                                       size_t n_ours, const struct tx_digest *ours);

#endif
