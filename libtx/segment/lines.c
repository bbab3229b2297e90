/* SPDX-License-Identifier: MIT */
#include "libtx/segment/lines.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "libtx/base/fd.h"
#include "libtx/base/limits.h"
#include "libtx/segment/control.h"

#define BUFFER_BYTES (TX_LIMIT_CONTROL_LINE_BYTES + 1)
#define COMPRESSED_BYTES (64u * 1024u)
/* Larger windows than any level of zstd uses by itself are refused: they bound our memory. */
#define WINDOW_LOG_MAX 27

struct tx_lines {
    int fd;
    uint64_t file_offset; /* of the file's next byte that is not in memory yet */
    uint64_t offset;      /* uncompressed, of buffer[begin] */
    size_t begin;
    size_t end;
    bool skipping; /* within a line that is too long */

    ZSTD_DStream *stream; /* NULL: a plain file */
    uint8_t *compressed;
    ZSTD_inBuffer input;
    bool frame_done;

    char buffer[BUFFER_BYTES];
};

void tx_lines_close(struct tx_lines *lines) {
    if (!lines)
        return;
    tx_fd_closep(&lines->fd);
    ZSTD_freeDStream(lines->stream);
    free(lines->compressed);
    free(lines);
}

static int open_file(int dirfd, uint64_t first, const char *suffix, int *ret_fd) {
    char name[TX_SEGMENT_NAME_BYTES];
    struct stat st;

    tx_segment_name(first, suffix, name);
    _cleanup_(tx_fd_closep) int fd =
        openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

static int begin_stream(struct tx_lines *lines) {
    lines->stream = ZSTD_createDStream();
    lines->compressed = malloc(COMPRESSED_BYTES);
    if (!lines->stream || !lines->compressed)
        return -ENOMEM;
    if (ZSTD_isError(ZSTD_initDStream(lines->stream)) ||
        ZSTD_isError(ZSTD_DCtx_setParameter(lines->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        return -ENOMEM;
    lines->input = (ZSTD_inBuffer){.src = lines->compressed, .size = 0, .pos = 0};
    lines->frame_done = false;
    return 0;
}

int tx_lines_open(int dirfd, uint64_t first, struct tx_lines **ret) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = calloc(1, sizeof(*lines));
    if (!lines)
        return -ENOMEM;
    lines->fd = -1;
    int r = open_file(dirfd, first, ".jsonl", &lines->fd);
    if (r == -ENOENT) {
        r = open_file(dirfd, first, ".jsonl.zst", &lines->fd);
        if (r == 0)
            r = begin_stream(lines);
    }
    if (r < 0)
        return r;
    *ret = TX_STEAL(lines);
    return 0;
}

bool tx_lines_compressed(const struct tx_lines *lines) {
    return lines->stream != NULL;
}

/* Reads up to n bytes of the file; *ret_n == 0 at its present end. */
static int read_file(struct tx_lines *lines, void *p, size_t n, size_t *ret_n) {
    ssize_t got;
    do
        got = pread(lines->fd, p, n, (off_t)lines->file_offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    lines->file_offset += (uint64_t)got;
    *ret_n = (size_t)got;
    return 0;
}

static int fill_compressed(struct tx_lines *lines) {
    ZSTD_outBuffer output = {lines->buffer, BUFFER_BYTES, lines->end};

    while (output.pos == lines->end) {
        if (lines->input.pos == lines->input.size) {
            size_t n;
            int r = read_file(lines, lines->compressed, COMPRESSED_BYTES, &n);
            if (r < 0)
                return r;
            if (n == 0)
                return lines->frame_done ? TX_LINES_E_END : -EBADMSG;
            lines->input.size = n;
            lines->input.pos = 0;
        }
        size_t left = ZSTD_decompressStream(lines->stream, &output, &lines->input);
        if (ZSTD_isError(left))
            return -EBADMSG;
        lines->frame_done = left == 0;
    }
    lines->end = output.pos;
    return 0;
}

/* Makes more of the file stand in the buffer, which has room. */
static int fill(struct tx_lines *lines) {
    size_t n;

    if (lines->begin > 0) {
        memmove(lines->buffer, lines->buffer + lines->begin, lines->end - lines->begin);
        lines->end -= lines->begin;
        lines->begin = 0;
    }
    if (lines->stream)
        return fill_compressed(lines);
    int r = read_file(lines, lines->buffer + lines->end, BUFFER_BYTES - lines->end, &n);
    if (r < 0)
        return r;
    lines->end += n;
    return n == 0 ? TX_LINES_E_END : 0;
}

/* At the end of a growing file nothing is kept: what stands there may be written anew. */
static int stop_at_end(struct tx_lines *lines) {
    if (!lines->stream) {
        lines->begin = lines->end = 0;
        lines->file_offset = lines->offset;
    }
    return TX_LINES_E_END;
}

static void take(struct tx_lines *lines, size_t n) {
    lines->begin += n;
    lines->offset += n;
}

int tx_lines_next(struct tx_lines *lines, struct tx_text *ret) {
    size_t seen = 0;

    for (;;) {
        const char *line = lines->buffer + lines->begin;
        size_t n = lines->end - lines->begin;
        const char *newline = n > seen ? memchr(line + seen, '\n', n - seen) : NULL;
        size_t length = newline ? (size_t)(newline - line) : n;
        if (memchr(line + seen, '\0', length - seen))
            return stop_at_end(lines);
        if (newline) {
            bool was_skipping = lines->skipping;
            lines->skipping = false;
            take(lines, length + 1);
            if (was_skipping)
                return TX_LINES_E_LONG;
            *ret = (struct tx_text){.p = line, .n = length};
            return 0;
        }
        seen = n;
        if (n == BUFFER_BYTES) {
            lines->skipping = true;
            take(lines, n);
            seen = 0;
        }
        int r = fill(lines);
        if (r == TX_LINES_E_END)
            return stop_at_end(lines);
        if (r < 0)
            return r;
    }
}

uint64_t tx_lines_offset(const struct tx_lines *lines) {
    return lines->offset;
}

int tx_lines_seek(struct tx_lines *lines, uint64_t offset) {
    if (lines->stream)
        return -ESPIPE;
    lines->begin = lines->end = 0;
    lines->file_offset = lines->offset = offset;
    lines->skipping = false;
    return 0;
}

int tx_lines_size(const struct tx_lines *lines, uint64_t *ret) {
    struct stat st;
    if (fstat(lines->fd, &st) < 0)
        return -errno;
    *ret = (uint64_t)st.st_size;
    return 0;
}
