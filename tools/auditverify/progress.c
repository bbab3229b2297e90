/* SPDX-License-Identifier: MIT */
#include "tools/auditverify/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libtx/base/clock.h"

#define FIRST_NS 1000000000
#define STEP_NS 200000000
#define WIDTH 30

static void draw(struct tx_progress *progress) {
    uint64_t done = atomic_load(&progress->done), total = atomic_load(&progress->total);
    double part = total > 0 ? (double)done / (double)total : 0;
    double seconds = (double)(tx_clock_boot() - progress->start) / 1e9;
    char bar[WIDTH + 1];

    if (part > 1)
        part = 1;
    int n = (int)(part * WIDTH);
    memset(bar, '-', WIDTH);
    memset(bar, '#', (size_t)n);
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %3d %%  %.0f of %.0f MiB  %.0f MiB/s \033[K", bar, (int)(part * 100),
            (double)done / 1048576, (double)total / 1048576,
            seconds > 0 ? (double)done / 1048576 / seconds : 0);
    fflush(stderr);
}

/* False when it is time to end. */
static bool wait_until(struct tx_progress *progress, int64_t when) {
    struct timespec ts = {.tv_sec = when / 1000000000, .tv_nsec = when % 1000000000};
    int r = 0;
    while (!progress->ending && r != ETIMEDOUT)
        r = pthread_cond_timedwait(&progress->ended, &progress->mutex, &ts);
    return !progress->ending;
}

static void *run(void *context) {
    struct tx_progress *progress = context;
    int64_t next = tx_clock_get(CLOCK_MONOTONIC) + FIRST_NS;
    bool drawn = false;

    pthread_mutex_lock(&progress->mutex);
    for (; wait_until(progress, next); next += STEP_NS) {
        draw(progress);
        drawn = true;
    }
    pthread_mutex_unlock(&progress->mutex);
    if (drawn)
        fputs("\r\033[K", stderr);
    return NULL;
}

void tx_progress_begin(struct tx_progress *progress, enum tx_progress_mode mode) {
    pthread_condattr_t attributes;
    progress->start = tx_clock_boot();
    if (mode == TX_PROGRESS_NEVER || (mode == TX_PROGRESS_AUTO && !isatty(STDERR_FILENO)))
        return;
    pthread_mutex_init(&progress->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&progress->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    progress->running = pthread_create(&progress->thread, NULL, run, progress) == 0;
}

void tx_progress_end(struct tx_progress *progress) {
    if (!progress->running)
        return;
    pthread_mutex_lock(&progress->mutex);
    progress->ending = true;
    pthread_cond_signal(&progress->ended);
    pthread_mutex_unlock(&progress->mutex);
    pthread_join(progress->thread, NULL);
    progress->running = false;
}
