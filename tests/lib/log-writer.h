/* SPDX-License-Identifier: MIT */
#ifndef TX_TESTS_LOG_WRITER_H
#define TX_TESTS_LOG_WRITER_H

/*
 * Writes small valid logs in memory, line by line as docs/format.md says, for tests that then spoil
 * them. Same arguments, same bytes. It ends the process when it has no memory.
 */

#include "libtx/base/bytes.h"
#include "libtx/crypto/signing.h"
#include "libtx/segment/control.h"
#include "libtx/segment/pruned.h"

struct log_line {
    enum tx_line_kind kind;
    uint64_t number;      /* a record's seq, a checkpoint's size */
    struct tx_bytes text; /* with its newline */
};

struct log_segment {
    uint64_t first;
    struct tx_digest before; /* the root of [0, first) */
    size_t n_lines;
    size_t cap;
    struct log_line *lines;
};

struct log_writer {
    struct tx_hasher *hasher;
    char origin[64];
    uint8_t seed;
    struct tx_signing_key *identity;
    struct tx_signing_key *epoch_key;
    struct tx_vkey epoch0;
    uint64_t epoch;
    struct tx_range range;
    uint64_t n_checkpoints;
    struct tx_digest digest;
    struct tx_bytes note; /* the last checkpoint's */
    uint64_t time;
    bool open; /* the last segment has no seal */
    size_t n_segments;
    struct log_segment segments[16];
    size_t n_proofs;
    struct tx_bytes proofs[16]; /* epochs/1.tlog-proof and so on */
};

/* Another seed makes other keys. */
struct log_writer *log_writer_new(const char *origin, uint8_t seed);
void log_writer_free(struct log_writer *w);
TX_DEFINE_CLEANUP(struct log_writer *, log_writer_free);

/* A record of about n bytes. Begins a segment when none is open. */
void log_writer_record(struct log_writer *w, size_t n);
/* A record of what stands behind its seq: a body without its newline. */
void log_writer_body(struct log_writer *w, struct tx_text body);
/* The ledger's word that records [first, end) are removed. */
void log_writer_pruned(struct log_writer *w, uint64_t first, uint64_t end,
                       const struct tx_digest *root);
void log_writer_checkpoint(struct log_writer *w);
/* Ends the epoch: its record and the checkpoint behind it. */
void log_writer_epoch(struct log_writer *w, const char *broken);
void log_writer_seal(struct log_writer *w);
/* The segment is given up; the next one goes on from the last checkpoint. Writes what is lost as
 * records into the old one first. */
void log_writer_give_up(struct log_writer *w, size_t n_lost);

/* A log of n_segments (sealed but the last) with as many records and checkpoints as asked for. */
struct log_shape {
    size_t n_segments;
    size_t n_batches;         /* of a segment; a checkpoint after each */
    size_t n_records;         /* of a batch */
    size_t n_bytes;           /* of a record */
    size_t batches_per_epoch; /* 0: one epoch */
};
struct log_writer *log_writer_of(const char *origin, uint8_t seed, const struct log_shape *shape);

/* The bytes of a segment, appended. */
void log_segment_bytes(const struct log_segment *segment, struct tx_bytes *b);
/* log.json with its newline. */
void log_writer_identity(const struct log_writer *w, struct tx_bytes *b);

/* All of it as a log directory, in an existing and empty one. */
void log_writer_store(const struct log_writer *w, const char *directory);
/* One file within it, written anew. */
void log_writer_store_file(const char *directory, const char *name, const void *p, size_t n);

/* A note over the writer's tree, signed by identity, `epoch` and, if not NULL, `next`. */
void log_writer_sign(const struct log_writer *w, const struct tx_signing_key *identity,
                     const struct tx_signing_key *epoch, const struct tx_signing_key *next,
                     struct tx_bytes *note);
struct tx_signing_key *log_writer_epoch_key(const struct log_writer *w, uint64_t epoch);

#endif
