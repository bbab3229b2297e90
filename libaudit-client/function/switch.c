/* SPDX-License-Identifier: MIT */
#include "libaudit-client/function/switch.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MOST 1023
#define N_TEXTS 8u

/* 0, or an even number that was not used before; a site's state is that number, plus one where it
 * is on. */
uint32_t tx_function_switch_;

/*
 * The patterns of a value of the switch are in the text (value / 2) % N_TEXTS, each with a NUL
 * behind it and one more at the end; they are written before the switch has that value. So nobody
 * waits for anybody, nor for a thread that a fork left behind. Who reads one that is written anew,
 * eight switchings later, decides for a value that the switch has no longer, and the site asks
 * again.
 */
static uint32_t last_value;
static char texts[N_TEXTS][TEXT_MOST + 2];

static char *text_of(uint32_t value) {
    return texts[value / 2 % N_TEXTS];
}

static bool matches(const char *patterns, const char *name) {
    for (const char *p = patterns; *p; p += strlen(p) + 1)
        if (fnmatch(p, name, 0) == 0)
            return true;
    return false;
}

bool tx_switch_is_on(struct tx_function_site *site) {
    uint32_t now = __atomic_load_n(&tx_function_switch_, __ATOMIC_ACQUIRE);
    uint32_t state = __atomic_load_n(&site->state_, __ATOMIC_RELAXED);

    if (now == 0)
        return false;
    if ((state & ~1u) != now) {
        state = now | matches(text_of(now), site->name);
        __atomic_store_n(&site->state_, state, __ATOMIC_RELAXED);
    }
    return state & 1u;
}

/* The text's last two bytes stay NUL, whatever is written over it meanwhile. */
static void split(const char *from, size_t n, char *to) {
    char *const begin = to;

    for (; n > 0; n--, from++)
        if (*from != ',')
            *to++ = *from;
        else if (to > begin && to[-1] != '\0')
            *to++ = '\0';
    to[0] = '\0';
    to[1] = '\0';
}

int tx_function_trace(const char *patterns) {
    size_t n = patterns ? strnlen(patterns, TEXT_MOST + 1) : 0;
    uint32_t value = 0;

    if (n > TEXT_MOST)
        return -E2BIG;
    while (value == 0)
        value = __atomic_add_fetch(&last_value, 2, __ATOMIC_RELAXED);
    char *text = text_of(value);
    split(patterns, n, text);
    __atomic_store_n(&tx_function_switch_, text[0] ? value : 0, __ATOMIC_RELEASE);
    return 0;
}

/* A set-user-id program does not look. */
__attribute__((constructor)) static void look_at_environment(void) {
    const char *patterns = secure_getenv("TRACEX_FUNCTIONS");
    if (patterns)
        (void)tx_function_trace(patterns);
}
