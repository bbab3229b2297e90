/* SPDX-License-Identifier: MIT */
/* A file's whole content, read once: as sha256sum prints it, and as a tree of chunks. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <tracex/ml.h>
#include <unistd.h>

#include "libtracex-ml/tree.h"
#include "libtx/base/fd.h"

#define CHUNK_BYTES (1024u * 1024u)
#define READ_BYTES (64u * 1024u) /* a part of a chunk without rest */

/* One chunk: *ret_n is less than a chunk at the end of the file, also 0, which is no leaf. */
static int read_chunk(int fd, struct tx_tree *tree, size_t *ret_n) {
    uint8_t memory[READ_BYTES];
    size_t n = 0, got = READ_BYTES;

    while (n < CHUNK_BYTES && got == READ_BYTES) {
        int r = tx_fd_read_full(fd, memory, sizeof(memory), &got);
        if (r == 0 && n == 0 && got > 0)
            r = tx_tree_leaf_begin(tree);
        if (r == 0 && got > 0)
            r = tx_tree_leaf_bytes(tree, memory, got);
        if (r < 0)
            return r;
        n += got;
    }
    *ret_n = n;
    return n > 0 ? tx_tree_leaf_end(tree) : 0;
}

static int read_all(int fd, struct tx_tree *tree, uint64_t *ret_bytes) {
    size_t n = CHUNK_BYTES;
    uint64_t bytes = 0;
    int r = 0;

    while (r == 0 && n == CHUNK_BYTES) {
        r = read_chunk(fd, tree, &n);
        bytes += r == 0 ? n : 0;
    }
    *ret_bytes = bytes;
    return r;
}

/* What changes when a file is written to, or when another one takes its name. */
static int is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int digest(int fd, const char *path, struct tx_file_digest *ret) {
    struct stat before, after, named;
    struct tx_tree tree;

    if (fstat(fd, &before) < 0)
        return -errno;
    if (!S_ISREG(before.st_mode))
        return S_ISDIR(before.st_mode) ? -EISDIR : -EINVAL;
    ret->chunk_bytes = CHUNK_BYTES;
    int r = tx_tree_init(&tree);
    if (r == 0)
        r = read_all(fd, &tree, &ret->bytes);
    if (r == 0)
        r = tx_tree_finish(&tree, ret->sha256, ret->chunks_root);
    tx_tree_deinit(&tree);
    if (r < 0)
        return r;
    if (fstat(fd, &after) < 0)
        return -errno;
    ret->is_changed = !is_same(&before, &after) || ret->bytes != (uint64_t)after.st_size ||
                      stat(path, &named) < 0 || !is_same(&after, &named);
    return 0;
}

int tx_digest_file(const char *path, struct tx_file_digest *ret_digest) {
    struct tx_file_digest made = {.bytes = 0};
    int saved_errno = errno, cancel_state;

    if (!path || !ret_digest)
        return -EINVAL;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    /* A pipe or device that somebody put there must not keep us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int r = fd < 0 ? -errno : digest(fd, path, &made);
    if (fd >= 0)
        close(fd);
    pthread_setcancelstate(cancel_state, NULL);
    errno = saved_errno;
    if (r == 0)
        *ret_digest = made;
    return r;
}
