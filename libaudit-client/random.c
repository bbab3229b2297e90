/* SPDX-License-Identifier: MIT */
#include "libaudit-client/random.h"

#include <string.h>
#include <sys/random.h>

/* Never waits: early in the boot the call fails instead. 256 bytes at once are never cut short. */
static int refill(struct tx_random *random) {
    for (size_t at = 0; at < sizeof(random->bytes); at += 256)
        if (getrandom(random->bytes + at, 256, GRND_NONBLOCK) != 256)
            return errno ? -errno : -EAGAIN;
    random->n_left = sizeof(random->bytes);
    return 0;
}

int tx_random_take(struct tx_random *random, uint8_t *ret, size_t n) {
    if (random->n_left < n) {
        int r = refill(random);
        if (r < 0)
            return r;
    }
    random->n_left -= n;
    memcpy(ret, random->bytes + random->n_left, n);
    explicit_bzero(random->bytes + random->n_left, n);
    return 0;
}
