/* SPDX-License-Identifier: MIT */
/*
 * A disk whose every write and flush is written down, and which fails when it is told to: a FUSE
 * file system, spoken to through /dev/fuse, with three files.
 *
 *   log-disk IMAGE LOG DIRECTORY     mounts itself on DIRECTORY and serves until it is unmounted
 *
 *   disk  the image's bytes: put a loop device on it
 *   mark  what is written here goes into the log, in its place among the writes
 *   fail  a number N: the next N writes to the disk fail with EIO, and are not done
 *
 * LOG: for each event a letter (W write, F flush, M mark), u64 offset, u32 length (little-endian
 * like the machine) and the bytes. It needs root, and a kernel with FUSE.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_WRITE (128u * 1024u)
#define REQUEST_BYTES (MAX_WRITE + 4096u)

enum { ROOT = FUSE_ROOT_ID, DISK, MARK, FAIL, N_NODES };

static const char *const names[N_NODES] = {[DISK] = "disk", [MARK] = "mark", [FAIL] = "fail"};

static struct {
    int image;
    int log;
    int fuse;
    off_t size;
    uint64_t to_fail;
    char request[REQUEST_BYTES];
    char data[MAX_WRITE];
} d;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void write_down(char type, uint64_t offset, const void *p, uint32_t n) {
    struct iovec parts[] = {{&type, 1}, {&offset, 8}, {&n, 4}, {(void *)(uintptr_t)p, n}};
    if (writev(d.log, parts, n > 0 ? 4 : 3) != (ssize_t)(13 + n))
        die("log");
}

static void reply(uint64_t unique, int error, const void *p, size_t n) {
    struct fuse_out_header header = {
        .len = (uint32_t)(sizeof(header) + n), .error = -error, .unique = unique};
    struct iovec parts[] = {{&header, sizeof(header)}, {(void *)(uintptr_t)p, n}};
    if (writev(d.fuse, parts, n > 0 ? 2 : 1) < 0 && errno != ENOENT)
        die("reply");
}

static struct fuse_attr attributes(uint64_t node) {
    return (struct fuse_attr){.ino = node,
                              .size = node == DISK ? (uint64_t)d.size : 0,
                              .blocks = node == DISK ? (uint64_t)d.size / 512 : 0,
                              .mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0600,
                              .nlink = 1,
                              .blksize = 4096};
}

static void on_init(uint64_t unique, const struct fuse_init_in *in) {
    const struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
                                      .minor = FUSE_KERNEL_MINOR_VERSION,
                                      .max_readahead = in->max_readahead,
                                      .flags = in->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES),
                                      .max_background = 16,
                                      .congestion_threshold = 12,
                                      .max_write = MAX_WRITE,
                                      .max_pages = MAX_WRITE / 4096};
    reply(unique, 0, &out, sizeof(out));
}

static void on_lookup(uint64_t unique, const char *name) {
    for (uint64_t node = DISK; node < N_NODES; node++) {
        if (strcmp(name, names[node]) != 0)
            continue;
        const struct fuse_entry_out out = {.nodeid = node, .attr = attributes(node)};
        reply(unique, 0, &out, sizeof(out));
        return;
    }
    reply(unique, ENOENT, NULL, 0);
}

static void on_attributes(uint64_t unique, uint64_t node) {
    const struct fuse_attr_out out = {.attr = attributes(node)};
    reply(unique, 0, &out, sizeof(out));
}

static void on_open(uint64_t unique) {
    const struct fuse_open_out out = {.open_flags = FOPEN_DIRECT_IO};
    reply(unique, 0, &out, sizeof(out));
}

static void on_read(uint64_t unique, uint64_t node, const struct fuse_read_in *in) {
    ssize_t n = 0;
    if (node == DISK)
        n = pread(d.image, d.data, in->size < MAX_WRITE ? in->size : MAX_WRITE, (off_t)in->offset);
    reply(unique, n < 0 ? errno : 0, d.data, n < 0 ? 0 : (size_t)n);
}

static int write_disk(uint64_t offset, const char *p, uint32_t n) {
    if (d.to_fail > 0) {
        d.to_fail--;
        return EIO;
    }
    if (offset + n > (uint64_t)d.size)
        return ENOSPC;
    write_down('W', offset, p, n);
    return pwrite(d.image, p, n, (off_t)offset) == (ssize_t)n ? 0 : EIO;
}

static void on_write(uint64_t unique, uint64_t node, const struct fuse_write_in *in) {
    const struct fuse_write_out out = {.size = in->size};
    const char *p = (const char *)(in + 1);
    int error = 0;
    if (node == DISK)
        error = write_disk(in->offset, p, in->size);
    else if (node == MARK)
        write_down('M', 0, p, in->size);
    else
        d.to_fail = strtoull(p, NULL, 10);
    reply(unique, error, &out, error ? 0 : sizeof(out));
}

static void on_sync(uint64_t unique, uint64_t node) {
    if (node == DISK)
        write_down('F', 0, NULL, 0);
    reply(unique, 0, NULL, 0);
}

static void on_statfs(uint64_t unique) {
    const struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255}};
    reply(unique, 0, &out, sizeof(out));
}

static void serve(const struct fuse_in_header *in) {
    const void *body = in + 1;
    switch (in->opcode) {
    case FUSE_INIT:
        on_init(in->unique, body);
        break;
    case FUSE_LOOKUP:
        on_lookup(in->unique, body);
        break;
    case FUSE_GETATTR:
    case FUSE_SETATTR:
        on_attributes(in->unique, in->nodeid);
        break;
    case FUSE_OPEN:
    case FUSE_OPENDIR:
        on_open(in->unique);
        break;
    case FUSE_READ:
        on_read(in->unique, in->nodeid, body);
        break;
    case FUSE_WRITE:
        on_write(in->unique, in->nodeid, body);
        break;
    case FUSE_FSYNC:
        on_sync(in->unique, in->nodeid);
        break;
    case FUSE_STATFS:
        on_statfs(in->unique);
        break;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_ACCESS:
        reply(in->unique, 0, NULL, 0);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break; /* want no answer */
    default:
        reply(in->unique, ENOSYS, NULL, 0);
    }
}

int main(int argc, char **argv) {
    char options[64];
    if (argc != 4) {
        fprintf(stderr, "usage: log-disk IMAGE LOG DIRECTORY\n");
        return 2;
    }
    d.image = open(argv[1], O_RDWR | O_CLOEXEC);
    d.log = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    d.fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (d.image < 0 || d.log < 0 || d.fuse < 0)
        die("open");
    d.size = lseek(d.image, 0, SEEK_END);
    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", d.fuse);
    if (mount("log-disk", argv[3], "fuse", MS_NOSUID | MS_NODEV, options) < 0)
        die("mount");
    puts("mounted");
    fflush(stdout);
    for (;;) {
        ssize_t n = read(d.fuse, d.request, sizeof(d.request));
        if (n < 0 && errno == ENODEV)
            return 0;
        if (n >= (ssize_t)sizeof(struct fuse_in_header))
            serve((const struct fuse_in_header *)(const void *)d.request);
        else if (n >= 0 || (errno != EINTR && errno != ENOENT && errno != EAGAIN))
            die("read");
    }
}
