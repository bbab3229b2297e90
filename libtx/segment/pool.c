/* SPDX-License-Identifier: MIT */
#include "libtx/segment/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "libtx/segment/control.h"

#define THREADS_MAX 256u

struct slot {
    bool done;
    int error;
    struct tx_segment_result result;
};

struct tx_pool {
    int dirfd;
    const struct tx_directory *directory;
    const struct tx_verify_options *options;
    unsigned n_threads;
    pthread_t threads[THREADS_MAX];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t n_claimed;
    size_t n_given;
    bool ending;
    size_t n_slots;
    struct slot *slots;       /* segment i is in slot i % n_slots */
    struct tx_hasher *hasher; /* without threads */
};

static int find_unreadable(const struct tx_verify_options *options, int error,
                           struct tx_segment_result *ret) {
    struct tx_finding finding = {.kind = TX_FINDING_UNREADABLE,
                                 .class = TX_CLASS_UNDECIDED,
                                 .first_seq = TX_NO_SEQ,
                                 .last_seq = TX_NO_SEQ};
    *ret = (struct tx_segment_result){.untrusted_from = TX_NO_SEQ};
    snprintf(finding.file, sizeof(finding.file), "%s", options->name);
    snprintf(finding.text, sizeof(finding.text), "%s",
             error == -EINVAL ? "it is not a regular file" : strerror(-error));
    tx_findings_add(&ret->findings, &finding);
    return 0;
}

int tx_pool_verify_file(struct tx_hasher *hasher, int fd, bool compressed,
                        const struct tx_verify_options *options, struct tx_segment_result *ret) {
    _cleanup_(tx_reader_closep) struct tx_reader *reader = NULL;
    int r = tx_reader_open(fd, compressed, &reader);
    return r < 0 ? r : tx_segment_verify(hasher, reader, options, ret);
}

int tx_pool_verify_one(struct tx_hasher *hasher, int dirfd, const struct tx_directory *directory,
                       size_t index, const struct tx_verify_options *options,
                       const struct tx_log_state *start, struct tx_segment_result *ret) {
    const struct tx_directory_segment *segment = &directory->segments[index];
    struct tx_verify_options mine = *options;
    char name[TX_SEGMENT_NAME_BYTES];
    bool compressed = !segment->plain;
    int fd;

    int r = tx_directory_open_segment(dirfd, segment, &fd, &compressed);
    tx_segment_name(segment->first, compressed ? ".jsonl.zst" : ".jsonl", name);
    mine.name = name;
    if (r < 0)
        return find_unreadable(&mine, r, ret);
    mine.has_first = true;
    mine.first = segment->first;
    mine.start = start;
    mine.has_stop = index + 1 < directory->n_segments;
    mine.stop_at = mine.has_stop ? segment[1].first : 0;
    return tx_pool_verify_file(hasher, fd, compressed, &mine, ret);
}

static void run(struct tx_pool *pool, struct tx_hasher *hasher, size_t index, struct slot *slot) {
    slot->error = tx_pool_verify_one(hasher, pool->dirfd, pool->directory, index, pool->options,
                                     NULL, &slot->result);
}

/* The next segment, when there is room for its result; false at the end. */
static bool claim(struct tx_pool *pool, size_t *ret_index) {
    pthread_mutex_lock(&pool->mutex);
    while (!pool->ending && pool->n_claimed < pool->directory->n_segments &&
           pool->n_claimed >= pool->n_given + pool->n_slots)
        pthread_cond_wait(&pool->changed, &pool->mutex);
    bool any = !pool->ending && pool->n_claimed < pool->directory->n_segments;
    if (any)
        *ret_index = pool->n_claimed++;
    pthread_mutex_unlock(&pool->mutex);
    return any;
}

static void *work(void *context) {
    struct tx_pool *pool = context;
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;
    size_t index;
    int error = tx_hasher_new(&hasher);

    while (claim(pool, &index)) {
        struct slot *slot = &pool->slots[index % pool->n_slots];
        if (error < 0)
            slot->error = error;
        else
            run(pool, hasher, index, slot);
        pthread_mutex_lock(&pool->mutex);
        slot->done = true;
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->mutex);
    }
    return NULL;
}

int tx_pool_new(int dirfd, const struct tx_directory *directory,
                const struct tx_verify_options *options, unsigned n_threads, struct tx_pool **ret) {
    struct tx_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return -ENOMEM;
    pool->dirfd = dirfd;
    pool->directory = directory;
    pool->options = options;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->changed, NULL);
    if (n_threads > directory->n_segments)
        n_threads = (unsigned)directory->n_segments;
    if (n_threads > THREADS_MAX)
        n_threads = THREADS_MAX;
    pool->n_slots = n_threads > 1 ? 2 * n_threads : 1;
    pool->slots = calloc(pool->n_slots, sizeof(*pool->slots));
    int r = pool->slots ? tx_hasher_new(&pool->hasher) : -ENOMEM;
    if (r < 0) {
        tx_pool_free(pool);
        return r;
    }
    /* Fewer threads than asked for will do, and none too. */
    while (n_threads > 1 && pool->n_threads < n_threads &&
           pthread_create(&pool->threads[pool->n_threads], NULL, work, pool) == 0)
        pool->n_threads++;
    *ret = pool;
    return 0;
}

void tx_pool_free(struct tx_pool *pool) {
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->ending = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i], NULL);
    for (size_t i = 0; pool->slots && i < pool->n_slots; i++)
        if (pool->slots[i].done)
            tx_segment_result_deinit(&pool->slots[i].result);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->mutex);
    tx_hasher_free(pool->hasher);
    free(pool->slots);
    free(pool);
}

int tx_pool_next(struct tx_pool *pool, struct tx_segment_result *ret) {
    assert(pool->n_given < pool->directory->n_segments);
    struct slot *slot = &pool->slots[pool->n_given % pool->n_slots];
    if (pool->n_threads == 0)
        run(pool, pool->hasher, pool->n_given, slot);
    pthread_mutex_lock(&pool->mutex);
    while (pool->n_threads > 0 && !slot->done)
        pthread_cond_wait(&pool->changed, &pool->mutex);
    int r = slot->error;
    if (r == 0)
        *ret = slot->result;
    *slot = (struct slot){.done = false};
    pool->n_given++;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->mutex);
    return r;
}
