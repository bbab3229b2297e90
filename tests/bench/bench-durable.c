/* SPDX-License-Identifier: MIT */
/*
 * Durable calls of several threads, each making one after the other.
 *     bench-durable [--threads N] [--calls N] [--load RECORDS-A-SECOND] [--uid UID] [--pause-us N]
 * --calls: of all threads together. --load: another process sends so many queued records a second
 * meanwhile, in portions of a millisecond. --uid: becomes this user first. --pause-us: between two
 * calls of a thread. Prints one JSON object.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/record.h"

enum { WARM_UP_MS = 300 };

static atomic_size_t next;
static size_t n_calls = 2000;
static unsigned long pause_us;
static long *ns;
static atomic_size_t n_failed;

static long now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void sleep_until(long at) {
    struct timespec ts = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
        ;
}

static void *call_durably(void *data) {
    size_t i;
    (void)data;
    while ((i = atomic_fetch_add(&next, 1)) < n_calls) {
        long start = now();
        if (bench_log_at(TX_DURABLE) < 0)
            atomic_fetch_add(&n_failed, 1);
        ns[i] = now() - start;
        if (pause_us > 0)
            sleep_until(start + ns[i] + (long)pause_us * 1000);
    }
    return NULL;
}

/* Counts what it has sent where both see it. */
static void send_load(unsigned long rate, atomic_ulong *sent) {
    struct tx_options options = TX_OPTIONS_INIT;
    options.block_ms = 60000;
    if (tx_open(&options) < 0)
        _exit(1);
    for (long start = now(), ms = 1;; ms++) {
        while (atomic_load(sent) < rate * (unsigned long)ms / 1000)
            if (bench_log() == 0)
                atomic_fetch_add(sent, 1);
        sleep_until(start + ms * 1000000);
    }
}

static int compare(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

static int run(size_t n_threads) {
    pthread_t threads[256];
    if (n_threads > sizeof(threads) / sizeof(threads[0]))
        return -EINVAL;
    for (size_t i = 0; i < n_threads; i++) {
        int r = pthread_create(&threads[i], NULL, call_durably, NULL);
        if (r != 0)
            return -r;
    }
    for (size_t i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

int main(int argc, char **argv) {
    size_t n_threads = 1;
    unsigned long load = 0, uid = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned long v = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--threads") == 0)
            n_threads = v;
        else if (strcmp(argv[i], "--calls") == 0)
            n_calls = v;
        else if (strcmp(argv[i], "--load") == 0)
            load = v;
        else if (strcmp(argv[i], "--uid") == 0)
            uid = v;
        else if (strcmp(argv[i], "--pause-us") == 0)
            pause_us = v;
    }
    if (uid > 0 && (setgid((gid_t)uid) < 0 || setuid((uid_t)uid) < 0))
        return 1;
    atomic_ulong *sent =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ns = calloc(n_calls, sizeof(long));
    if (sent == MAP_FAILED || !ns || n_calls == 0)
        return 1;
    pid_t loader = load ? fork() : 0;
    if (load && loader == 0)
        send_load(load, sent);
    if (load)
        sleep_until(now() + WARM_UP_MS * 1000000L);
    if (bench_log_at(TX_DURABLE) < 0) { /* connects, untimed */
        fprintf(stderr, "bench-durable: no durable call succeeds here\n");
        return 1;
    }
    unsigned long sent_before = atomic_load(sent);
    long start = now();
    int r = run(n_threads);
    double seconds = (double)(now() - start) / 1e9;
    unsigned long sent_meanwhile = atomic_load(sent) - sent_before;
    if (load) {
        kill(loader, SIGKILL);
        waitpid(loader, NULL, 0);
    }
    qsort(ns, n_calls, sizeof(long), compare);
    printf("{\"threads\":%zu,\"calls\":%zu,\"failed\":%zu,\"seconds\":%.6f,\"per_second\":%.1f,"
           "\"p50\":%ld,\"p99\":%ld,\"max\":%ld,\"load_per_second\":%.1f}\n",
           n_threads, n_calls, (size_t)n_failed, seconds, (double)n_calls / seconds,
           ns[n_calls / 2], ns[n_calls - 1 - n_calls / 100], ns[n_calls - 1],
           (double)sent_meanwhile / seconds);
    return r < 0 || n_failed > 0;
}
