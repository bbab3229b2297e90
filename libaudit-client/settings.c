/* SPDX-License-Identifier: MIT */
#include "libaudit-client/settings.h"

#include <stdlib.h>

#include "libtx/base/limits.h"
#include "libtx/base/text.h"

/* No struct of ours will ever be so large; a size that was forgotten is. */
#define SIZED_MAX 4096

/* --- structs that may grow --- */

static size_t size_of(const void *sized) {
    size_t size;
    memcpy(&size, sized, sizeof(size));
    return size;
}

int tx_sized_read(const void *from, size_t n_least, void *ret, size_t n_ret) {
    size_t size = size_of(from);

    if (size < n_least)
        return -EINVAL;
    if (size > SIZED_MAX)
        return -E2BIG;
    for (size_t i = n_ret; i < size; i++)
        if (((const uint8_t *)from)[i] != 0)
            return -E2BIG;
    memset(ret, 0, n_ret);
    memcpy(ret, from, size < n_ret ? size : n_ret);
    return 0;
}

int tx_sized_write(void *ret, const void *from, size_t n_from) {
    size_t size = size_of(ret);

    if (size < sizeof(size) || size > SIZED_MAX)
        return -EINVAL;
    size_t n = size < n_from ? size : n_from;
    memset(ret, 0, size);
    memcpy(ret, from, n);
    memcpy(ret, &size, sizeof(size));
    return 0;
}

/* --- options --- */

static int read_path(const char *path, struct tx_settings *ret) {
    if (!path)
        path = secure_getenv("TRACEX_SOCKET");
    if (!path || !*path)
        path = TX_SETTINGS_PATH;
    size_t n = strlen(path);
    if (n >= sizeof(ret->path))
        return -ENAMETOOLONG;
    memcpy(ret->path, path, n + 1);
    return 0;
}

static int read_time(int ms, int least, int default_ms, int64_t *ret) {
    if (ms < least)
        return -EINVAL;
    *ret = ms == -1 ? 0 : (int64_t)(ms ? ms : default_ms) * 1000000;
    return 0;
}

/* What is not chosen in the program may be so for it. */
static size_t ring_bytes_by_environment(void) {
    const char *text = secure_getenv("TRACEX_TRACE_RING_BYTES");
    uint64_t n;

    if (!text || tx_dec_decode((struct tx_text){.p = text, .n = strlen(text)}, &n) < 0 ||
        n < TX_LIMIT_RING_LEAST || n > TX_LIMIT_RING_MOST)
        return TX_SETTINGS_RING_BYTES;
    return (size_t)n;
}

static int read_ring(size_t n, size_t *ret) {
    if (n == 0)
        n = ring_bytes_by_environment();
    if (n < TX_LIMIT_RING_LEAST || n > TX_LIMIT_RING_MOST)
        return -EINVAL;
    size_t power = TX_LIMIT_RING_LEAST;
    while (power < n)
        power *= 2;
    *ret = power;
    return 0;
}

int tx_settings_read(const struct tx_options *options, struct tx_settings *ret) {
    static const struct tx_options defaults = TX_OPTIONS_INIT;
    struct tx_settings settings = {.when_full = TX_FULL_FAIL};
    struct tx_options known;

    int r = tx_sized_read(options ? options : &defaults, sizeof(size_t), &known, sizeof(known));
    if (r == 0)
        r = read_time(known.connect_ms, 0, 100, &settings.connect);
    if (r == 0)
        r = read_time(known.block_ms, -1, 100, &settings.block);
    if (r == 0)
        r = read_time(known.durable_ms, -1, 5000, &settings.durable);
    if (r == 0)
        r = read_path(known.socket_path, &settings);
    if (r == 0)
        r = read_ring(known.trace_ring_bytes, &settings.ring_bytes);
    if (r < 0)
        return r;
    if (known.when_full != TX_FULL_FAIL && known.when_full != TX_FULL_DROP)
        return -EINVAL;
    settings.when_full = known.when_full;
    settings.resend_bytes = known.resend_bytes ? known.resend_bytes : 1024u * 1024u;
    if (settings.resend_bytes < TX_SETTINGS_RESEND_MIN ||
        settings.resend_bytes > TX_SETTINGS_RESEND_MAX)
        return -EINVAL;
    *ret = settings;
    return 0;
}

/* --- of the process --- */

/* Two, so that a fork in the middle of tx_settings_set leaves the child a whole one. */
static struct tx_settings chosen[2];
static int current = -1;

void tx_settings_get(struct tx_settings *ret) {
    int at = __atomic_load_n(&current, __ATOMIC_ACQUIRE);

    if (at >= 0) {
        *ret = chosen[at];
        return;
    }
    if (tx_settings_read(NULL, ret) < 0) {
        /* TRACEX_SOCKET is too long for a path: no daemon is there. */
        static const struct tx_options nowhere = {.size = sizeof(nowhere),
                                                  .socket_path = "/dev/null/no-such-socket"};
        (void)!tx_settings_read(&nowhere, ret);
    }
}

void tx_settings_set(const struct tx_settings *settings) {
    int at = __atomic_load_n(&current, __ATOMIC_ACQUIRE) == 0 ? 1 : 0;

    if (settings)
        chosen[at] = *settings;
    __atomic_store_n(&current, settings ? at : -1, __ATOMIC_RELEASE);
}
