/* SPDX-License-Identifier: MIT */
#include "libaudit-client/random.h"

#include <string.h>
#include <sys/random.h>

/* Never waits: early in the boot the call fails instead. A signal may cut it short, but not below
 * 256 bytes (getrandom(2)). */
static int refill(struct tx_random *random) {
    ssize_t n = getrandom(random->bytes, sizeof(random->bytes), GRND_NONBLOCK);

    if (n < 256)
        return n < 0 ? -errno : -EAGAIN;
    random->n_left = (size_t)n;
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
