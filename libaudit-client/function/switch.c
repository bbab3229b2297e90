/* SPDX-License-Identifier: MIT */
#include "libaudit-client/function/switch.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define PATTERNS_BYTES 1024

/* 0, or an even number that was not used before; a site's state is that number, plus one where it
 * is on. */
uint32_t tx_function_switch_;

static struct {
    uint32_t lock;             /* held by who reads or changes the patterns */
    uint32_t last;             /* value of the switch */
    char text[PATTERNS_BYTES]; /* each with a NUL behind it, and one more at the end */
} patterns;

static bool try_lock(void) {
    return __atomic_exchange_n(&patterns.lock, 1, __ATOMIC_ACQUIRE) == 0;
}

static void unlock(void) {
    __atomic_store_n(&patterns.lock, 0, __ATOMIC_RELEASE);
}

static bool matches(const char *name) {
    for (const char *p = patterns.text; *p; p += strlen(p) + 1)
        if (fnmatch(p, name, 0) == 0)
            return true;
    return false;
}

/* While somebody else looks, or was cut short over it by a fork, it is off. */
static bool decide(struct tx_function_site *site, uint32_t state) {
    if (!try_lock())
        return false;
    bool is_on = matches(site->name);
    unlock();
    __atomic_store_n(&site->state_, state | is_on, __ATOMIC_RELAXED);
    return is_on;
}

bool tx_switch_is_on(struct tx_function_site *site) {
    uint32_t now = __atomic_load_n(&tx_function_switch_, __ATOMIC_ACQUIRE);
    uint32_t state = __atomic_load_n(&site->state_, __ATOMIC_RELAXED);

    if ((state & ~1u) == now)
        return state & 1u;
    return now != 0 && decide(site, now);
}

static void split(const char *from) {
    char *to = patterns.text;

    for (; *from; from++)
        if (*from != ',')
            *to++ = *from;
        else if (to > patterns.text && to[-1] != '\0')
            *to++ = '\0';
    to[0] = '\0';
    if (to > patterns.text && to[-1] != '\0')
        to[1] = '\0';
}

int tx_function_trace(const char *text) {
    size_t n = text ? strnlen(text, PATTERNS_BYTES) : 0;

    if (n > PATTERNS_BYTES - 2)
        return -E2BIG;
    while (!try_lock()) /* held for a few comparisons */
        ;
    __atomic_store_n(&tx_function_switch_, 0, __ATOMIC_RELEASE);
    split(n > 0 ? text : "");
    patterns.last += 2;
    if (patterns.last == 0)
        patterns.last = 2;
    if (patterns.text[0])
        __atomic_store_n(&tx_function_switch_, patterns.last, __ATOMIC_RELEASE);
    unlock();
    return 0;
}

/* A set-user-id program does not look. */
__attribute__((constructor)) static void look_at_environment(void) {
    const char *text = secure_getenv("TRACEX_FUNCTIONS");
    if (text)
        (void)tx_function_trace(text);
}
