/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_READER_H
#define TX_SEGMENT_READER_H

/*
 * The bytes of one segment in pieces, for a verifier: every byte of the file is in exactly one
 * piece, and what is not a whole line is told apart. It reads by read(2), not by mmap: a file that
 * is cut while it is read must not end the process. What the lines say is not its matter.
 * (libtx/segment/lines.h is for those who follow a log that they trust.)
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

enum tx_piece_kind {
    TX_PIECE_LINE, /* text is without its newline */
    TX_PIECE_LONG, /* a line past TX_LIMIT_CONTROL_LINE_BYTES; text is its beginning */
    TX_PIECE_TORN, /* the file's last bytes, without a newline */
    TX_PIECE_HOLE, /* NUL bytes as space laid out ahead or a power cut leaves them */
    TX_PIECE_END,
};

struct tx_piece {
    enum tx_piece_kind kind;
    struct tx_text text; /* borrowed until the next call */
    uint64_t offset;     /* of its first byte, in uncompressed bytes */
    uint64_t n_bytes;    /* with its newline */
};

struct tx_reader;

/* A descriptor (taken, also on failure) of a regular file, plain or zstd. */
TX_MUST_USE int tx_reader_open(int fd, bool compressed, struct tx_reader **ret);
/* Bytes in memory, borrowed. */
TX_MUST_USE int tx_reader_of_memory(const void *p, size_t n, struct tx_reader **ret);
void tx_reader_close(struct tx_reader *reader);
TX_DEFINE_CLEANUP(struct tx_reader *, tx_reader_close);

/* -EBADMSG: what is compressed is damaged or ends too early; other -errno when reading failed. */
TX_MUST_USE int tx_reader_next(struct tx_reader *reader, struct tx_piece *ret);

/* Bytes of the file on disk that have been read; for a progress bar. */
uint64_t tx_reader_progress(const struct tx_reader *reader);

#endif
