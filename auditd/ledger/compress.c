/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/compress.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "auditd/ipc/log.h"
#include "libtx/base/bytes.h"
#include "libtx/base/fd.h"
#include "libtx/segment/control.h"
#include "libtx/segment/follow.h"

#define LEVEL 3
#define PIECE_BYTES (128u * 1024u)

struct tx_compress {
    int dirfd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
    struct tx_bytes queue; /* of uint64_t */
};

static void cctx_freep(ZSTD_CCtx **p) {
    ZSTD_freeCCtx(*p);
}

static void dctx_freep(ZSTD_DCtx **p) {
    ZSTD_freeDCtx(*p);
}

static bool stopping(struct tx_compress *c) {
    pthread_mutex_lock(&c->lock);
    bool stop = c->stop;
    pthread_mutex_unlock(&c->lock);
    return stop;
}

/* Compresses one piece and writes what comes out. */
static int put_piece(ZSTD_CCtx *ctx, int to, const uint8_t *piece, size_t n, bool end,
                     uint8_t *out) {
    ZSTD_inBuffer in = {piece, n, 0};
    size_t left;
    do {
        ZSTD_outBuffer o = {out, PIECE_BYTES, 0};
        left = ZSTD_compressStream2(ctx, &o, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return -EIO;
        int r = tx_fd_write_all(to, out, o.pos);
        if (r < 0)
            return r;
    } while (end ? left != 0 : in.pos < in.size);
    return 0;
}

static int compress_file(struct tx_compress *c, int from, int to, uint8_t *in, uint8_t *out) {
    _cleanup_(cctx_freep) ZSTD_CCtx *ctx = ZSTD_createCCtx();
    off_t at = 0;
    if (!ctx)
        return -ENOMEM;
    ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
    for (;;) {
        size_t n;
        int r = tx_fd_pread_full(from, in, PIECE_BYTES, at, &n);
        if (r == 0)
            r = put_piece(ctx, to, in, n, n < PIECE_BYTES, out);
        if (r < 0)
            return r;
        if (n < PIECE_BYTES)
            return fsync(to) < 0 ? -errno : 0;
        if (stopping(c))
            return -ECANCELED;
        at += (off_t)n;
    }
}

/* Reads the compressed file back and compares it with the plain one. */
static int compare(int plain, int compressed, uint8_t *in, uint8_t *out, uint8_t *same) {
    _cleanup_(dctx_freep) ZSTD_DCtx *ctx = ZSTD_createDCtx();
    off_t at = 0, plain_at = 0;
    size_t n, got, left = 1;
    if (!ctx)
        return -ENOMEM;
    for (;;) {
        int r = tx_fd_pread_full(compressed, in, PIECE_BYTES, at, &n);
        if (r < 0)
            return r;
        if (n == 0)
            break;
        at += (off_t)n;
        ZSTD_inBuffer i = {in, n, 0};
        while (i.pos < i.size) {
            ZSTD_outBuffer o = {out, PIECE_BYTES, 0};
            left = ZSTD_decompressStream(ctx, &o, &i);
            if (ZSTD_isError(left))
                return -EBADMSG;
            r = tx_fd_pread_full(plain, same, o.pos, plain_at, &got);
            if (r < 0)
                return r;
            if (got != o.pos || memcmp(same, out, got) != 0)
                return -EBADMSG;
            plain_at += (off_t)got;
        }
    }
    struct stat st;
    if (fstat(plain, &st) < 0)
        return -errno;
    return left == 0 && st.st_size == plain_at ? 0 : -EBADMSG;
}

static int compress_segment(struct tx_compress *c, uint64_t first) {
    char plain_name[TX_SEGMENT_NAME_BYTES], name[TX_SEGMENT_NAME_BYTES], temporary[64];
    tx_segment_name(first, ".jsonl", plain_name);
    tx_segment_name(first, ".jsonl.zst", name);
    snprintf(temporary, sizeof(temporary), "%s.tmp", name);

    _cleanup_(tx_freep) uint8_t *memory = malloc(3 * PIECE_BYTES);
    _cleanup_(tx_fd_closep) int from = openat(c->dirfd, plain_name, O_RDONLY | O_CLOEXEC);
    if (from < 0 || !memory)
        return from < 0 ? -errno : -ENOMEM;
    unlinkat(c->dirfd, temporary, 0); /* what a crash left, which may be read-only */
    _cleanup_(tx_fd_closep) int to =
        openat(c->dirfd, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0440);
    if (to < 0)
        return -errno;
    int r = compress_file(c, from, to, memory, memory + PIECE_BYTES);
    if (r == 0)
        r = compare(from, to, memory, memory + PIECE_BYTES, memory + 2 * PIECE_BYTES);
    if (r == 0 && fchmod(to, 0440) < 0)
        r = -errno;
    if (r < 0) {
        unlinkat(c->dirfd, temporary, 0);
        return r;
    }
    if (renameat(c->dirfd, temporary, c->dirfd, name) < 0 || fsync(c->dirfd) < 0)
        return -errno;
    if (unlinkat(c->dirfd, plain_name, 0) < 0 || fsync(c->dirfd) < 0)
        return -errno;
    return 0;
}

/* The next segment, or false when it is time to stop. */
static bool next(struct tx_compress *c, uint64_t *ret_first) {
    pthread_mutex_lock(&c->lock);
    while (!c->stop && c->queue.len == 0)
        pthread_cond_wait(&c->changed, &c->lock);
    bool go = !c->stop;
    if (go)
        memcpy(ret_first, c->queue.data, sizeof(*ret_first));
    pthread_mutex_unlock(&c->lock);
    return go;
}

static void done(struct tx_compress *c) {
    pthread_mutex_lock(&c->lock);
    tx_bytes_consume(&c->queue, sizeof(uint64_t));
    pthread_mutex_unlock(&c->lock);
}

static void *work(void *data) {
    struct tx_compress *c = data;
    uint64_t first;
    while (next(c, &first)) {
        int r = compress_segment(c, first);
        if (r < 0 && r != -ECANCELED)
            tx_log(TX_LOG_WARNING, "segment %llu stays uncompressed: %s", (unsigned long long)first,
                   strerror(-r));
        done(c);
    }
    return NULL;
}

int tx_compress_new(int dirfd, int enabled, struct tx_compress **ret) {
    *ret = NULL;
    if (!enabled)
        return 0;
    struct tx_compress *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->dirfd = dirfd;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    int r = pthread_create(&c->thread, NULL, work, c);
    if (r != 0) {
        free(c);
        return -r;
    }
    *ret = c;
    return 0;
}

void tx_compress_free(struct tx_compress *c) {
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    tx_bytes_deinit(&c->queue);
    free(c);
}

void tx_compress_add(struct tx_compress *c, uint64_t first) {
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    /* Without memory it is found again at the next start. */
    int r = tx_bytes_append(&c->queue, &first, sizeof(first));
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    if (r < 0)
        tx_log(TX_LOG_WARNING, "segment %llu stays uncompressed: %s", (unsigned long long)first,
               strerror(-r));
}

/* By its mode: it is read-only from its seal on. */
static bool is_sealed(struct tx_compress *c, uint64_t first) {
    char name[TX_SEGMENT_NAME_BYTES];
    struct stat st;
    tx_segment_name(first, ".jsonl", name);
    return fstatat(c->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (st.st_mode & 07777) == 0440;
}

int tx_compress_add_sealed(struct tx_compress *c, uint64_t size) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n;
    if (!c)
        return 0;
    int r = tx_segment_list(c->dirfd, &firsts, &n);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (firsts[i] < size && is_sealed(c, firsts[i]))
            tx_compress_add(c, firsts[i]);
    return r;
}

bool tx_compress_pending(struct tx_compress *c, uint64_t end) {
    uint64_t first = UINT64_MAX;
    if (!c)
        return false;
    pthread_mutex_lock(&c->lock);
    for (size_t at = 0; at < c->queue.len; at += sizeof(first)) {
        uint64_t queued;
        memcpy(&queued, c->queue.data + at, sizeof(queued));
        first = queued < first ? queued : first;
    }
    pthread_mutex_unlock(&c->lock);
    return first < end;
}

size_t tx_compress_backlog(struct tx_compress *c) {
    if (!c)
        return 0;
    pthread_mutex_lock(&c->lock);
    size_t n = c->queue.len / sizeof(uint64_t);
    pthread_mutex_unlock(&c->lock);
    return n;
}
