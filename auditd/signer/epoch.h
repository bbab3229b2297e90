/* SPDX-License-Identifier: MIT */
#ifndef TX_SIGNER_EPOCH_H
#define TX_SIGNER_EPOCH_H

/*
 * How old an epoch is, and the record that ends it. The age counts from the epoch's first record,
 * by the boot clock; the wall clock is asked only once after a reboot. So a clock that jumps can
 * make one epoch end early or last one more period, and nothing else.
 */

#include "auditd/signer/state.h"
#include "libtx/base/buf.h"

struct tx_epoch_limits {
    int64_t ns;       /* 0: none */
    uint64_t records; /* 0: none */
};

struct tx_epoch_now {
    int64_t boot_ns;
    int64_t wall_ns;
    uint8_t boot_id[16]; /* zero when it is not known */
};

/* Reads the clocks; keeps boot_id. */
void tx_epoch_read_clocks(struct tx_epoch_now *now);

/* Of this boot; zeros when it cannot be read. */
void tx_epoch_read_boot_id(uint8_t ret[16]);

/* After a start: when the state is of another boot, counts the epoch's age on by this boot's clock.
 */
void tx_epoch_adopt_boot(struct tx_state *state, const struct tx_epoch_now *now);

/* The epoch's first record is there, if it was not before. */
void tx_epoch_mark_first(struct tx_state *state, const struct tx_epoch_now *now);

/* A ROTATE should come: the epoch has reached a limit. */
bool tx_epoch_is_due(const struct tx_state *state, const struct tx_epoch_limits *limits,
                     const struct tx_epoch_now *now);

/* Twice a limit is reached: nothing more is signed in this epoch. The ledger rotates at the batch
 * after it has heard that a rotation is due, so it is far from here unless it does not want to. */
bool tx_epoch_is_over(const struct tx_state *state, const struct tx_epoch_limits *limits,
                      const struct tx_epoch_now *now);

/* The tracex.epoch record of docs/format.md section 3 for index seq, without newline. */
void tx_epoch_render_line(const struct tx_state *state, uint64_t seq, const struct tx_vkey *next,
                          bool broken, struct tx_buf *b);

/* Whether a record's line reads as a tracex.epoch record. */
bool tx_epoch_is_line(struct tx_text line);

#endif
