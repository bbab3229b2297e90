/* SPDX-License-Identifier: MIT */
#include "libaudit-client/context/ids.h"

#include <sys/mman.h>
#include <sys/random.h>

#include "libtx/context/traceparent.h"

#define WORD_BYTES 4096 /* a page, since that is what can be wiped */

static const uint64_t before_the_first;
const uint64_t *tx_ids_epoch = &before_the_first;

/* Never waits: early in the boot it fails instead (getrandom(2)). */
static int random_bytes(void *ret, size_t n) {
    ssize_t got = getrandom(ret, n, GRND_NONBLOCK);

    return got == (ssize_t)n ? 0 : -EAGAIN;
}

int tx_ids_trace(uint8_t *ret, size_t n) {
    int r;

    do
        r = random_bytes(ret, n);
    while (r == 0 && !tx_trace_id_valid(ret, n));
    return r;
}

/* The word, mapped by whoever is first. */
static int map_word(uint64_t **ret) {
    const uint64_t *seen = __atomic_load_n(&tx_ids_epoch, __ATOMIC_ACQUIRE);

    if (seen != &before_the_first) {
        *ret = (uint64_t *)seen;
        return 0;
    }
    void *p = mmap(NULL, WORD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    if (madvise(p, WORD_BYTES, MADV_WIPEONFORK) < 0) {
        int error = errno;
        munmap(p, WORD_BYTES);
        return -error;
    }
    if (__atomic_compare_exchange_n(&tx_ids_epoch, &seen, p, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        *ret = p;
    } else {
        munmap(p, WORD_BYTES); /* another thread was first */
        *ret = (uint64_t *)seen;
    }
    return 0;
}

/* What the word is in this process; whoever comes first after a fork chooses it. */
static int epoch_of(uint64_t *word, uint64_t *ret) {
    uint64_t seen = __atomic_load_n(word, __ATOMIC_RELAXED), mine;

    while (seen == 0) {
        int r = random_bytes(&mine, sizeof(mine));
        if (r < 0)
            return r;
        if (__atomic_compare_exchange_n(word, &seen, mine, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            seen = mine;
    }
    *ret = seen;
    return 0;
}

int tx_ids_seed(struct tx_ids *ids) {
    int saved_errno = errno;
    uint64_t *word, seed[2];
    struct tx_ids seeded;

    int r = map_word(&word);
    if (r == 0)
        r = epoch_of(word, &seeded.epoch);
    if (r == 0)
        r = random_bytes(seed, sizeof(seed));
    if (r == 0) {
        seeded.counter = seed[0];
        seeded.step = seed[1] | 1;
        *ids = seeded;
    }
    errno = saved_errno;
    return r;
}
