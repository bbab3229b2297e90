/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/writer.h"

#include <assert.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define ZEROS_BYTES 65536

struct tx_writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done_fd;
    /* Under the lock. */
    enum { IDLE, GIVEN, DONE, STOP } state;
    struct tx_writer_job job;
    int result;
    int64_t took_ns;
};

static int write_zeros(const struct tx_writer_job *job) {
    static const char zeros[ZEROS_BYTES];
    for (size_t at = 0; at < job->n; at += sizeof(zeros)) {
        size_t n = job->n - at < sizeof(zeros) ? job->n - at : sizeof(zeros);
        int r = tx_fd_pwrite_all(job->fd, zeros, n, job->offset + (off_t)at);
        if (r < 0)
            return r;
    }
    return 0;
}

int tx_writer_do(const struct tx_writer_job *job, int64_t *ret_ns) {
    int64_t start = tx_clock_boot();
    int r = job->p ? tx_fd_pwrite_all(job->fd, job->p, job->n, job->offset) : write_zeros(job);
    if (r < 0)
        return r;
    if (fdatasync(job->fd) < 0)
        return -errno;
    *ret_ns = tx_clock_boot() - start;
    return 0;
}

/* What wakes the ledger's loop. Only a full counter refuses it, and that is readable. */
static void say_done(struct tx_writer *writer) {
    uint64_t one = 1;
    ssize_t n = write(writer->done_fd, &one, sizeof(one));
    (void)n;
}

static void *work(void *data) {
    struct tx_writer *writer = data;

    pthread_mutex_lock(&writer->lock);
    for (;;) {
        while (writer->state == IDLE || writer->state == DONE)
            pthread_cond_wait(&writer->changed, &writer->lock);
        if (writer->state == STOP)
            break;
        struct tx_writer_job job = writer->job;
        pthread_mutex_unlock(&writer->lock);
        int64_t took_ns = 0;
        int r = tx_writer_do(&job, &took_ns);
        pthread_mutex_lock(&writer->lock);
        writer->result = r;
        writer->took_ns = took_ns;
        writer->state = DONE;
        pthread_cond_broadcast(&writer->changed);
        say_done(writer);
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

int tx_writer_new(struct tx_writer **ret) {
    struct tx_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return -ENOMEM;
    writer->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (writer->done_fd < 0) {
        int r = -errno;
        free(writer);
        return r;
    }
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->changed, NULL);
    int r = pthread_create(&writer->thread, NULL, work, writer);
    if (r != 0) {
        tx_fd_closep(&writer->done_fd);
        free(writer);
        return -r;
    }
    *ret = writer;
    return 0;
}

static void wait_locked(struct tx_writer *writer) {
    while (writer->state == GIVEN)
        pthread_cond_wait(&writer->changed, &writer->lock);
}

void tx_writer_free(struct tx_writer *writer) {
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    wait_locked(writer);
    writer->state = STOP;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    tx_fd_closep(&writer->done_fd);
    free(writer);
}

int tx_writer_fd(const struct tx_writer *writer) {
    return writer->done_fd;
}

void tx_writer_begin(struct tx_writer *writer, const struct tx_writer_job *job) {
    pthread_mutex_lock(&writer->lock);
    assert(writer->state == IDLE);
    writer->job = *job;
    writer->state = GIVEN;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

int64_t tx_writer_took(const struct tx_writer *writer) {
    return writer->took_ns; /* its thread has nothing to do now */
}

bool tx_writer_is_done(struct tx_writer *writer) {
    pthread_mutex_lock(&writer->lock);
    bool done = writer->state == DONE;
    pthread_mutex_unlock(&writer->lock);
    return done;
}

void tx_writer_wait(struct tx_writer *writer) {
    pthread_mutex_lock(&writer->lock);
    wait_locked(writer);
    pthread_mutex_unlock(&writer->lock);
}

int tx_writer_take(struct tx_writer *writer) {
    uint64_t n;

    pthread_mutex_lock(&writer->lock);
    wait_locked(writer);
    assert(writer->state == DONE);
    writer->state = IDLE;
    int r = writer->result;
    pthread_mutex_unlock(&writer->lock);
    /* It was said before the lock was given up; the next one is to be told anew. */
    ssize_t got = read(writer->done_fd, &n, sizeof(n));
    (void)got;
    return r;
}
