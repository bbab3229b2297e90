/* SPDX-License-Identifier: MIT */
#ifndef TX_SIGNER_STATE_H
#define TX_SIGNER_STATE_H

/*
 * What the signer remembers, and the file that keeps it. It holds no secret. Invariant: what was
 * saved before an answer is what a restart loads, also after kill -9 in the middle of a save; after
 * a power cut it is at least what was synced last.
 *
 * The file has three slots, each with a generation and a checksum. A save writes the slot that is
 * neither the newest nor the newest that is known to be synced, so a torn write costs neither.
 */

#include "libtx/crypto/vkey.h"
#include "libtx/merkle/range.h"

#define TX_STATE_FILE "signer.state"
#define TX_STATE_NOTE_BYTES 4096 /* a checkpoint's text and three signatures */
#define TX_STATE_LINE_BYTES 4096 /* a tracex.epoch record */

struct tx_state {
    bool ready; /* false: the keys are being made and nobody has been told of them */
    struct tx_vkey identity;
    struct tx_vkey epoch0;
    uint64_t epoch;
    struct tx_vkey epoch_vkey; /* the active one */
    struct tx_range range;     /* [0, size) */
    uint64_t n_checkpoints;    /* since the last tracex.epoch record */
    struct tx_digest digest;
    bool last_was_seal;
    uint64_t last_time; /* the latest that was signed, POSIX seconds */

    uint64_t epoch_begin; /* index of the epoch's first record */
    bool has_first;       /* that record is there, and came at: */
    int64_t first_boot_ns;
    int64_t first_wall_ns;
    uint8_t boot_id[16]; /* first_boot_ns counts from this boot */

    size_t n_note;
    char note[TX_STATE_NOTE_BYTES]; /* the last one */

    /* A rotation waits for its GROW. */
    bool pending;
    bool broken; /* the active epoch's secret is lost, and the line says so */
    struct tx_vkey pending_vkey;
    size_t n_line;
    char line[TX_STATE_LINE_BYTES];
};

struct tx_state_file;

/* The log's beginning: nothing was signed. */
void tx_state_init(struct tx_state *state);

/* Creates the file, durably, in place of what is there. */
TX_MUST_USE int tx_state_file_create(int dirfd, struct tx_hasher *hasher,
                                     const struct tx_state *state, struct tx_state_file **ret);

/* Opens it and loads the newest state. -ENOENT; TX_STATE_E_CORRUPT when no slot is whole. */
enum { TX_STATE_E_CORRUPT = 1 };
TX_MUST_USE int tx_state_file_open(int dirfd, struct tx_hasher *hasher,
                                   struct tx_state_file **ret_file, struct tx_state *ret_state);
void tx_state_file_close(struct tx_state_file *file);
TX_DEFINE_CLEANUP(struct tx_state_file *, tx_state_file_close);

/* Saves; with `sync` it also survives a power cut. After an error the file may hold this state or
 * the one before. */
TX_MUST_USE int tx_state_file_save(struct tx_state_file *file, struct tx_hasher *hasher,
                                   const struct tx_state *state, bool sync);

#endif
