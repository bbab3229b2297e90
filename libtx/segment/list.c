/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "libtx/base/bytes.h"
#include "libtx/base/fd.h"
#include "libtx/segment/control.h"
#include "libtx/segment/follow.h"

static void close_directory(DIR **directory) {
    if (*directory)
        closedir(*directory);
}

static int open_directory(int dirfd, DIR **ret) {
    _cleanup_(tx_fd_closep) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret = fdopendir(fd);
    if (!*ret)
        return -errno;
    tx_fd_steal(&fd);
    return 0;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* A plain and a compressed file of one segment count once. */
static size_t sort_once(uint64_t *firsts, size_t n) {
    size_t kept = 0;
    if (n > 0)
        qsort(firsts, n, sizeof(*firsts), by_number);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || firsts[i] != firsts[kept - 1])
            firsts[kept++] = firsts[i];
    return kept;
}

int tx_segment_list(int dirfd, uint64_t **ret_firsts, size_t *ret_n) {
    _cleanup_(close_directory) DIR *directory = NULL;
    _cleanup_(tx_bytes_deinit) struct tx_bytes found = TX_BYTES_INIT;
    struct dirent *entry;
    int r = open_directory(dirfd, &directory);

    while (r == 0 && (errno = 0, entry = readdir(directory))) {
        uint64_t first;
        bool compressed;
        if (tx_segment_name_parse(entry->d_name, &first, &compressed) == 0)
            r = tx_bytes_append(&found, &first, sizeof(first));
    }
    if (r == 0 && errno != 0)
        r = -errno;
    if (r < 0)
        return r;
    *ret_n = sort_once((uint64_t *)(void *)found.data, found.len / sizeof(uint64_t));
    *ret_firsts = (uint64_t *)(void *)TX_STEAL(found.data);
    return 0;
}
