/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_CONTROL_H
#define TX_SEGMENT_CONTROL_H

/*
 * The lines of a segment that are not records, and log.json and the tracex.epoch record: each has
 * exactly one spelling (docs/format.md section 3), so a parser here renders what it parsed and
 * compares. The writer (auditd/ledger) and the verifier share these, and nothing else.
 * Rendered lines have no newline at their end.
 */

#include "libtx/base/buf.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"
#include "libtx/crypto/vkey.h"
#include "libtx/merkle/range.h"

/* Indexes, sizes and counts are at most this, so that none overflows when it is counted on. */
#define TX_CONTROL_INDEX_MAX ((uint64_t)1 << 62)

/* The state that a header states and that a verifier carries from line to line. */
struct tx_control_header {
    struct tx_text origin; /* borrowed, unescaped */
    uint64_t first;
    struct tx_range range; /* [0, first) */
    uint64_t epoch;
    struct tx_vkey epoch_vkey;
    uint64_t n_checkpoints; /* since the last tracex.epoch record */
    struct tx_digest digest;
    struct tx_text previous; /* the note, unescaped; p == NULL in the first segment */
};

struct tx_control_checkpoint {
    struct tx_text note; /* unescaped */
};

struct tx_control_seal {
    uint64_t first;
    uint64_t size;
    struct tx_text note;
};

/* The tracex.epoch record (a leaf, not a control line). `broken` has p == NULL usually. */
struct tx_control_epoch {
    uint64_t seq;
    uint64_t epoch; /* the new one */
    struct tx_vkey vkey;
    uint64_t n_checkpoints;
    struct tx_digest digest;
    struct tx_text broken;
};

/* log.json. `continues` has origin.p == NULL usually. */
struct tx_control_log {
    struct tx_text origin;
    struct tx_vkey identity;
    struct tx_vkey epoch0;
    struct tx_text continues_origin;
    struct tx_text continues_checkpoint;
};

enum tx_line_kind {
    TX_LINE_RECORD,
    TX_LINE_HEADER,
    TX_LINE_CHECKPOINT,
    TX_LINE_SEAL,
    TX_LINE_UNKNOWN_CONTROL, /* begins {"tracex": and is none of the above */
};

/* By the line's first bytes alone. */
enum tx_line_kind tx_line_kind(struct tx_text line);

/* True when the line is a record that begins {"seq":<seq>,"by":"ledger","event":"tracex.epoch" */
bool tx_line_is_epoch(struct tx_text line);

void tx_control_render_header(const struct tx_control_header *header, struct tx_buf *b);
void tx_control_render_checkpoint(const struct tx_control_checkpoint *checkpoint, struct tx_buf *b);
void tx_control_render_seal(const struct tx_control_seal *seal, struct tx_buf *b);
void tx_control_render_epoch(const struct tx_control_epoch *epoch, struct tx_buf *b);
void tx_control_render_log(const struct tx_control_log *log, struct tx_buf *b);

/* Each parses one line (without newline); unescaped texts are put into `scratch`, which must
 * outlive ret; line.n bytes of it are always enough. -EBADMSG when it is not the one valid
 * spelling, -ENOBUFS when scratch is too small, -ENOTSUP for a version, hash or type of key that we
 * do not know. Whether keys are of the right type and name is the caller's question. */
TX_MUST_USE int tx_control_parse_header(struct tx_hasher *hasher, struct tx_text line,
                                        struct tx_buf *scratch, struct tx_control_header *ret);
TX_MUST_USE int tx_control_parse_checkpoint(struct tx_text line, struct tx_buf *scratch,
                                            struct tx_control_checkpoint *ret);
TX_MUST_USE int tx_control_parse_seal(struct tx_text line, struct tx_buf *scratch,
                                      struct tx_control_seal *ret);
TX_MUST_USE int tx_control_parse_epoch(struct tx_hasher *hasher, struct tx_text line,
                                       struct tx_buf *scratch, struct tx_control_epoch *ret);
TX_MUST_USE int tx_control_parse_log(struct tx_hasher *hasher, struct tx_text line,
                                     struct tx_buf *scratch, struct tx_control_log *ret);

/* d_(i+1) = H(d_i ‖ note); d_0 is 32 zero bytes. */
void tx_control_digest_note(struct tx_hasher *hasher, struct tx_digest *digest,
                            struct tx_text note);

/* "00000000000000000000.jsonl" ↔ the index of its first record; suffix is ".jsonl" or ".jsonl.zst".
 */
#define TX_SEGMENT_NAME_BYTES 40
void tx_segment_name(uint64_t first, const char *suffix, char ret[TX_SEGMENT_NAME_BYTES]);
TX_MUST_USE int tx_segment_name_parse(const char *name, uint64_t *ret_first, bool *ret_compressed);

#endif
