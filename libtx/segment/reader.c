/* SPDX-License-Identifier: MIT */
#include "libtx/segment/reader.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "libtx/base/fd.h"
#include "libtx/base/limits.h"

#define LINE_MAX_BYTES TX_LIMIT_CONTROL_LINE_BYTES
#define BUFFER_BYTES (1024u * 1024u + LINE_MAX_BYTES)
#define COMPRESSED_BYTES (128u * 1024u)
/* The largest window that zstd's levels use by themselves; it bounds our memory. */
#define WINDOW_LOG_MAX 27
/* A disk writes whole sectors, so a hole ends where one ends, and this many NULs hold a whole one.
 */
#define SECTOR_BYTES 512u
#define HOLE_BYTES (2 * SECTOR_BYTES)
/* So often NULs are read once more: they may have been written over while they were read. */
#define LOOKS_MAX 16

struct tx_reader {
    int fd;
    bool at_eof;
    uint64_t n_read; /* bytes of the file */
    uint64_t offset; /* uncompressed, of buffer[begin] */
    size_t begin;
    size_t end;
    bool in_long_line;
    bool in_hole;
    bool after_hole;
    uint64_t hole_at;
    unsigned n_looks;
    uint64_t looked_at; /* the offset of the last NUL that was read once more */
    char *buffer;       /* memory: borrowed, not written to */
    bool borrowed;
    ZSTD_DStream *stream; /* NULL: plain */
    uint8_t *compressed;
    ZSTD_inBuffer input;
    bool frame_done;
};

void tx_reader_close(struct tx_reader *reader) {
    if (!reader)
        return;
    tx_fd_closep(&reader->fd);
    ZSTD_freeDStream(reader->stream);
    free(reader->compressed);
    if (!reader->borrowed)
        free(reader->buffer);
    free(reader);
}

static int begin_stream(struct tx_reader *reader) {
    reader->stream = ZSTD_createDStream();
    reader->compressed = malloc(COMPRESSED_BYTES);
    if (!reader->stream || !reader->compressed ||
        ZSTD_isError(ZSTD_DCtx_setParameter(reader->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        return -ENOMEM;
    reader->input = (ZSTD_inBuffer){.src = reader->compressed, .size = 0, .pos = 0};
    return 0;
}

int tx_reader_open(int fd, bool compressed, struct tx_reader **ret) {
    _cleanup_(tx_fd_closep) int taken = fd;
    _cleanup_(tx_reader_closep) struct tx_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return -ENOMEM;
    reader->fd = tx_fd_steal(&taken);
    reader->buffer = malloc(BUFFER_BYTES);
    if (!reader->buffer)
        return -ENOMEM;
    if (compressed) {
        int r = begin_stream(reader);
        if (r < 0)
            return r;
    }
    /* A hint; where it is not taken, nothing is lost. */
    (void)posix_fadvise(reader->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret = TX_STEAL(reader);
    return 0;
}

int tx_reader_of_memory(const void *p, size_t n, struct tx_reader **ret) {
    struct tx_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return -ENOMEM;
    reader->fd = -1;
    reader->buffer = (char *)(uintptr_t)p;
    reader->borrowed = true;
    reader->end = n;
    reader->n_read = n;
    reader->at_eof = true;
    *ret = reader;
    return 0;
}

static int read_file(struct tx_reader *reader, void *p, size_t n, size_t *ret_n) {
    int r = tx_fd_read_full(reader->fd, p, n, ret_n);
    if (r < 0)
        return r;
    reader->n_read += *ret_n;
    return 0;
}

static int fill_compressed(struct tx_reader *reader) {
    ZSTD_outBuffer output = {reader->buffer, BUFFER_BYTES, reader->end};

    while (output.pos == reader->end) {
        if (reader->input.pos == reader->input.size) {
            size_t n;
            int r = read_file(reader, reader->compressed, COMPRESSED_BYTES, &n);
            if (r < 0)
                return r;
            if (n == 0) {
                reader->at_eof = true;
                return reader->frame_done ? 0 : -EBADMSG;
            }
            reader->input.size = n;
            reader->input.pos = 0;
        }
        size_t left = ZSTD_decompressStream(reader->stream, &output, &reader->input);
        if (ZSTD_isError(left))
            return -EBADMSG;
        reader->frame_done = left == 0;
    }
    reader->end = output.pos;
    return 0;
}

/* Makes more of the file stand in the buffer, or at_eof. */
static int fill(struct tx_reader *reader) {
    size_t n;

    if (reader->begin > 0) {
        memmove(reader->buffer, reader->buffer + reader->begin, reader->end - reader->begin);
        reader->end -= reader->begin;
        reader->begin = 0;
    }
    if (reader->stream)
        return fill_compressed(reader);
    size_t room = BUFFER_BYTES - reader->end;
    int r = read_file(reader, reader->buffer + reader->end, room, &n);
    if (r < 0)
        return r;
    reader->end += n;
    reader->at_eof = n < room;
    return 0;
}

static size_t n_left(const struct tx_reader *reader) {
    return reader->end - reader->begin;
}

static size_t count_nuls(const char *p, size_t n) {
    size_t i = 0;
    while (i < n && p[i] == '\0')
        i++;
    return i;
}

/* Takes n bytes of text and `extra` behind them. */
static int give(struct tx_reader *reader, enum tx_piece_kind kind, size_t n, size_t extra,
                struct tx_piece *ret) {
    *ret = (struct tx_piece){.kind = kind,
                             .text = {reader->buffer + reader->begin, n},
                             .offset = reader->offset,
                             .n_bytes = n + extra};
    reader->begin += n + extra;
    reader->offset += n + extra;
    return 0;
}

/* Whether the NULs at `at` bytes from here are a hole: they reach the file's end, or sectors that
 * were never written. A single byte that somebody made NUL is neither. -EAGAIN: more bytes are
 * needed to know. */
static int look_at_nuls(const struct tx_reader *reader, size_t at, bool *ret_hole) {
    size_t n = n_left(reader) - at;
    size_t length = count_nuls(reader->buffer + reader->begin + at, n);
    uint64_t from = reader->offset + at, to = from + length;
    if (length == n && !reader->at_eof && length < HOLE_BYTES)
        return -EAGAIN;
    *ret_hole = (length == n && reader->at_eof) || length >= HOLE_BYTES ||
                ((at == 0 || from % SECTOR_BYTES == 0) && to % SECTOR_BYTES == 0);
    return 0;
}

/* How far on a hole may begin, when none begins at these NULs: at a sector within them, or behind.
 */
static size_t past_nuls(const struct tx_reader *reader, size_t at, size_t n) {
    size_t length = count_nuls(reader->buffer + reader->begin + at, n);
    uint64_t from = reader->offset + at;
    size_t to_sector = SECTOR_BYTES - from % SECTOR_BYTES;
    bool ends_at_sector = (from + length) % SECTOR_BYTES == 0;
    return ends_at_sector && to_sector < length ? to_sector : length;
}

/* The hole that begins here, or a part of it: then the next piece goes on with it. */
static int give_hole(struct tx_reader *reader, struct tx_piece *ret) {
    size_t length = count_nuls(reader->buffer + reader->begin, n_left(reader));
    if (!reader->after_hole)
        reader->hole_at = reader->offset;
    reader->after_hole = true;
    reader->in_hole = length == n_left(reader);
    return give(reader, TX_PIECE_HOLE, length, 0, ret);
}

/* The ledger writes over zeros that it has laid out. Whoever reads meanwhile can find zeros, and
 * behind them what was written after those were read. So zeros are read a second time: true when
 * they were, and what is in the buffer from `at` on is new. */
static bool look_again(struct tx_reader *reader, size_t at) {
    size_t n;
    uint64_t offset = reader->offset + at;

    if (reader->fd < 0 || reader->stream || reader->n_looks == LOOKS_MAX ||
        (reader->n_looks > 0 && reader->looked_at == offset))
        return false;
    reader->n_looks++;
    reader->looked_at = offset;
    if (tx_fd_pread_full(reader->fd, reader->buffer + reader->begin + at, n_left(reader) - at,
                         (off_t)offset, &n) < 0)
        return false;
    reader->end = reader->begin + at + n;
    return true;
}

/* And what stood there when something behind them comes to be read: then they were the file's end.
 */
static bool is_filled(const struct tx_reader *reader) {
    uint8_t byte = 0;
    size_t n;
    return reader->fd >= 0 && !reader->stream &&
           tx_fd_pread_full(reader->fd, &byte, 1, (off_t)reader->hole_at, &n) == 0 && byte != 0;
}

static int end_here(struct tx_reader *reader, struct tx_piece *ret) {
    reader->end = reader->begin;
    reader->at_eof = true;
    return give(reader, TX_PIECE_END, 0, 0, ret);
}

/* What is here is enough to give a piece, or -EAGAIN. */
static int cut_piece(struct tx_reader *reader, struct tx_piece *ret) {
    const char *line = reader->buffer + reader->begin;
    size_t n = n_left(reader);
    if (n == 0)
        return reader->at_eof ? give(reader, TX_PIECE_END, 0, 0, ret) : -EAGAIN;
    if (reader->in_hole && line[0] == '\0')
        return give_hole(reader, ret);
    if (reader->after_hole && is_filled(reader))
        return end_here(reader, ret);
    reader->in_hole = reader->after_hole = false;

    const char *newline = memchr(line, '\n', n);
    size_t length = newline ? (size_t)(newline - line) : n;
    for (size_t at = 0; at < length;) {
        const char *nul = memchr(line + at, '\0', length - at);
        bool hole;
        if (!nul)
            break;
        if (look_again(reader, (size_t)(nul - line)))
            return cut_piece(reader, ret); /* at most LOOKS_MAX times */
        int r = look_at_nuls(reader, (size_t)(nul - line), &hole);
        if (r < 0)
            return r;
        if (hole)
            return nul == line ? give_hole(reader, ret)
                               : give(reader, TX_PIECE_TORN, (size_t)(nul - line), 0, ret);
        at = (size_t)(nul - line);
        at += past_nuls(reader, at, length - at);
    }
    bool is_long = length > LINE_MAX_BYTES || reader->in_long_line;
    if (newline || is_long) {
        reader->in_long_line = !newline;
        return give(reader, is_long ? TX_PIECE_LONG : TX_PIECE_LINE, length, newline ? 1 : 0, ret);
    }
    return reader->at_eof ? give(reader, TX_PIECE_TORN, length, 0, ret) : -EAGAIN;
}

int tx_reader_next(struct tx_reader *reader, struct tx_piece *ret) {
    for (;;) {
        int r = cut_piece(reader, ret);
        if (r != -EAGAIN)
            return r;
        r = fill(reader);
        if (r < 0)
            return r;
    }
}

uint64_t tx_reader_progress(const struct tx_reader *reader) {
    return reader->n_read;
}
