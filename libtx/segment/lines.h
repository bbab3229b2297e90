/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_LINES_H
#define TX_SEGMENT_LINES_H

/*
 * The lines of one segment's file, plain or compressed, one after the other. It knows nothing of
 * what a line says. A plain file may be growing: what is at its end now need not be its end. When
 * the file is unlinked or replaced meanwhile, the one that was opened is read on.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

struct tx_lines;

/* Opens the segment whose first record is `first`: the plain file, or, when there is none, the
 * compressed one. -ENOENT when there is neither, -EINVAL when it is not a regular file. */
TX_MUST_USE int tx_lines_open(int dirfd, uint64_t first, struct tx_lines **ret);
void tx_lines_close(struct tx_lines *lines);
TX_DEFINE_CLEANUP(struct tx_lines *, tx_lines_close);

bool tx_lines_compressed(const struct tx_lines *lines);

/* The next line, without its newline, borrowed until the next call. TX_LINES_E_END: there is no
 * whole line now (a plain file ends at its first NUL byte; when it has become shorter than what was
 * read, that is the end too). TX_LINES_E_LONG: a line past TX_LIMIT_CONTROL_LINE_BYTES was skipped.
 * -EBADMSG: what is compressed is damaged from here on; other -errno when reading failed. */
enum { TX_LINES_E_END = 1, TX_LINES_E_LONG };
TX_MUST_USE int tx_lines_next(struct tx_lines *lines, struct tx_text *ret);

/* Where the next line begins, in uncompressed bytes; and going back to such a place, which only a
 * plain file can (-ESPIPE). */
uint64_t tx_lines_offset(const struct tx_lines *lines);
TX_MUST_USE int tx_lines_seek(struct tx_lines *lines, uint64_t offset);

/* The size of the file as it is now, in bytes on disk. */
TX_MUST_USE int tx_lines_size(const struct tx_lines *lines, uint64_t *ret);

#endif
