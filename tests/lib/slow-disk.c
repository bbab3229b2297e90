/* SPDX-License-Identifier: MIT */
/*
 * Preloaded (LD_PRELOAD), it makes of whatever directory a program writes to a disk of known speed:
 * a sync takes TX_DISK_SYNC_US, and TX_DISK_NS_A_BYTE for each byte that was written to that file
 * since it was synced last; one after the other, as one disk does them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 1024 };

static atomic_long unsynced[FILES];
static long sync_ns, byte_ns;
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static struct timespec free_at;

__attribute__((constructor)) static void read_speed(void) {
    const char *sync = getenv("TX_DISK_SYNC_US"), *byte = getenv("TX_DISK_NS_A_BYTE");
    sync_ns = sync ? atol(sync) * 1000 : 0;
    byte_ns = byte ? atol(byte) : 0;
}

static void add(int fd, ssize_t n) {
    if (n > 0 && fd >= 0 && fd < FILES)
        atomic_fetch_add(&unsynced[fd], n);
}

/* pwrite64 to the linker. */
ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    ssize_t r = syscall(SYS_pwrite64, fd, p, n, at);
    add(fd, r);
    return r;
}

static void take(long ns) {
    struct timespec now, end;

    pthread_mutex_lock(&disk);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec > free_at.tv_sec ||
        (now.tv_sec == free_at.tv_sec && now.tv_nsec > free_at.tv_nsec))
        free_at = now;
    free_at.tv_nsec += ns;
    free_at.tv_sec += free_at.tv_nsec / 1000000000;
    free_at.tv_nsec %= 1000000000;
    end = free_at;
    pthread_mutex_unlock(&disk);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) != 0)
        ;
}

static int sync_file(int fd, long number) {
    long n = fd >= 0 && fd < FILES ? atomic_exchange(&unsynced[fd], 0) : 0;
    int r = (int)syscall(number, fd);
    take(sync_ns + n * byte_ns);
    return r;
}

int fdatasync(int fd) {
    return sync_file(fd, SYS_fdatasync);
}

int fsync(int fd) {
    return sync_file(fd, SYS_fsync);
}
