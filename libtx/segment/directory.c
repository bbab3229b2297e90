/* SPDX-License-Identifier: MIT */
#include "libtx/segment/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/fd.h"
#include "libtx/segment/control.h"

#define TORN ".torn-"

static void close_directory(DIR **directory) {
    if (*directory)
        closedir(*directory);
}

void tx_directory_deinit(struct tx_directory *directory) {
    for (size_t i = 0; i < directory->n_set_aside; i++)
        free(directory->set_aside[i]);
    free(directory->set_aside);
    free(directory->segments);
    *directory = (struct tx_directory){.n_segments = 0};
}

static int add_segment(struct tx_bytes *segments, const char *name) {
    struct tx_directory_segment segment = {.plain = false};
    bool compressed;
    if (tx_segment_name_parse(name, &segment.first, &compressed) < 0)
        return 0;
    segment.plain = !compressed;
    segment.compressed = compressed;
    return tx_bytes_append(segments, &segment, sizeof(segment));
}

static int add_set_aside(struct tx_bytes *names, const char *name) {
    if (!strstr(name, TORN))
        return 0;
    char *copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    int r = tx_bytes_append(names, &copy, sizeof(copy));
    if (r < 0)
        free(copy);
    return r;
}

static int by_first(const void *a, const void *b) {
    const struct tx_directory_segment *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct tx_directory *directory) {
    size_t n = 0;
    if (directory->n_set_aside > 0)
        qsort(directory->set_aside, directory->n_set_aside, sizeof(char *), by_name);
    if (directory->n_segments == 0)
        return;
    struct tx_directory_segment *segments = directory->segments;
    qsort(segments, directory->n_segments, sizeof(*segments), by_first);
    for (size_t i = 0; i < directory->n_segments; i++) {
        if (n > 0 && segments[n - 1].first == segments[i].first) {
            segments[n - 1].plain |= segments[i].plain;
            segments[n - 1].compressed |= segments[i].compressed;
        } else {
            segments[n++] = segments[i];
        }
    }
    directory->n_segments = n;
}

int tx_directory_read(int dirfd, struct tx_directory *ret) {
    _cleanup_(close_directory) DIR *stream = NULL;
    struct tx_bytes segments = TX_BYTES_INIT, names = TX_BYTES_INIT;
    struct dirent *entry;
    int r = 0;

    _cleanup_(tx_fd_closep) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    stream = fdopendir(fd);
    if (!stream)
        return -errno;
    tx_fd_steal(&fd);
    while (r == 0 && (errno = 0, entry = readdir(stream))) {
        r = add_segment(&segments, entry->d_name);
        if (r == 0)
            r = add_set_aside(&names, entry->d_name);
    }
    if (r == 0 && errno != 0)
        r = -errno;
    struct tx_directory directory = {
        .n_segments = segments.len / sizeof(struct tx_directory_segment),
        .segments = (struct tx_directory_segment *)(void *)segments.data,
        .n_set_aside = names.len / sizeof(char *),
        .set_aside = (char **)(void *)names.data};
    if (r < 0) {
        tx_directory_deinit(&directory);
        return r;
    }
    sort(&directory);
    *ret = directory;
    return 0;
}

int tx_directory_open_file(int dirfd, const char *name, int *ret_fd, uint64_t *ret_size) {
    struct stat st;
    _cleanup_(tx_fd_closep) int fd =
        openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (ret_size)
        *ret_size = (uint64_t)st.st_size;
    *ret_fd = tx_fd_steal(&fd);
    return 0;
}

static int open_either(int dirfd, uint64_t first, bool compressed, int *ret_fd, uint64_t *ret_n) {
    char name[TX_SEGMENT_NAME_BYTES];
    tx_segment_name(first, compressed ? ".jsonl.zst" : ".jsonl", name);
    return tx_directory_open_file(dirfd, name, ret_fd, ret_n);
}

int tx_directory_open_segment(int dirfd, const struct tx_directory_segment *segment, int *ret_fd,
                              bool *ret_compressed) {
    bool compressed = !segment->plain;
    int r = open_either(dirfd, segment->first, compressed, ret_fd, NULL);
    if (r == -ENOENT) {
        compressed = !compressed;
        r = open_either(dirfd, segment->first, compressed, ret_fd, NULL);
    }
    if (r == 0)
        *ret_compressed = compressed;
    return r;
}

uint64_t tx_directory_segment_size(int dirfd, const struct tx_directory_segment *segment) {
    struct stat st;
    char name[TX_SEGMENT_NAME_BYTES];
    tx_segment_name(segment->first, segment->plain ? ".jsonl" : ".jsonl.zst", name);
    return fstatat(dirfd, name, &st, 0) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}
