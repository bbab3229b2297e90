/* SPDX-License-Identifier: MIT */
/*
 * What the disk allows: a write of some bytes at the end of a file and fdatasync.
 *     bench-sync DIRECTORY [BYTES [ROUNDS]]
 * Three files in turn, so that what else the machine does meets them alike: one that grows, one
 * whose room is allocated, and one whose room is filled with zeros before. Prints one JSON object:
 * name → nanoseconds (p50, p99, mean).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUND_UP(n, to) (((n) + (to)-1) / (to) * (to))

struct file {
    const char *name;
    int (*prepare)(int fd, size_t n);
    int fd;
    long *ns;
};

_Noreturn static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int prepare_nothing(int fd, size_t n) {
    (void)fd, (void)n;
    return 0;
}

static int prepare_allocated(int fd, size_t n) {
    return fallocate(fd, 0, 0, (off_t)n);
}

static int prepare_zeros(int fd, size_t n) {
    static const char zeros[65536];
    for (size_t at = 0; at < n; at += sizeof(zeros))
        if (pwrite(fd, zeros, sizeof(zeros), (off_t)at) != sizeof(zeros))
            return -1;
    return 0;
}

static struct file files[] = {
    {.name = "grows", .prepare = prepare_nothing},
    {.name = "allocated", .prepare = prepare_allocated},
    {.name = "zero_filled", .prepare = prepare_zeros},
};
enum { N_FILES = sizeof(files) / sizeof(files[0]) };

static long now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void begin(struct file *file, const char *directory, size_t all, size_t rounds) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/bench-sync.%s", directory, file->name);
    file->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    file->ns = calloc(rounds, sizeof(long));
    if (file->fd < 0 || !file->ns || file->prepare(file->fd, ROUND_UP(all, 65536)) < 0 ||
        fsync(file->fd) < 0)
        fail(path);
    unlink(path);
}

static int compare(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

static void print(struct file *file, size_t rounds, const char *before) {
    double sum = 0;
    for (size_t i = 0; i < rounds; i++)
        sum += (double)file->ns[i];
    qsort(file->ns, rounds, sizeof(long), compare);
    printf("%s\"%s\":{\"p50\":%ld,\"p99\":%ld,\"mean\":%.0f}", before, file->name,
           file->ns[rounds / 2], file->ns[rounds - 1 - rounds / 100], sum / (double)rounds);
}

int main(int argc, char **argv) {
    size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 512;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000;
    char *line = malloc(n);
    if (argc < 2 || !line || n == 0 || rounds == 0) {
        fprintf(stderr, "usage: bench-sync DIRECTORY [BYTES [ROUNDS]]\n");
        return 2;
    }
    memset(line, 'x', n);
    for (size_t f = 0; f < N_FILES; f++)
        begin(&files[f], argv[1], n * rounds, rounds);
    for (size_t i = 0; i < rounds; i++)
        for (size_t f = 0; f < N_FILES; f++) {
            long start = now();
            if (pwrite(files[f].fd, line, n, (off_t)(i * n)) != (ssize_t)n ||
                fdatasync(files[f].fd) < 0)
                fail(files[f].name);
            files[f].ns[i] = now() - start;
        }
    for (size_t f = 0; f < N_FILES; f++)
        print(&files[f], rounds, f ? "," : "{");
    printf("}\n");
    return 0;
}
