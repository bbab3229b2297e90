/* SPDX-License-Identifier: MIT */
#include "libtx/wire/policy.h"

enum { FLAG_TIMEOUT = 1 };

/* --- reading --- */

static int take_demand(struct tx_cursor *c, struct tx_wire_demand *ret) {
    uint8_t level, unavailable, flags, zero;

    if (tx_cursor_u8(c, &level) < 0 || tx_cursor_u8(c, &unavailable) < 0 ||
        tx_cursor_u8(c, &flags) < 0 || tx_cursor_u8(c, &zero) < 0 ||
        tx_cursor_u32(c, &ret->timeout_ms) < 0)
        return -EBADMSG;
    if (level >= TX_WIRE_LEVELS || unavailable >= TX_WIRE_UNAVAILABLES || flags > FLAG_TIMEOUT ||
        zero || (!flags && ret->timeout_ms) || (flags && unavailable == TX_WIRE_BLOCK))
        return -EBADMSG;
    ret->level = (enum tx_wire_level)level;
    ret->unavailable = (enum tx_wire_unavailable)unavailable;
    ret->has_timeout = flags;
    return 0;
}

static size_t literal_bytes(struct tx_text pattern) {
    size_t n = 0;
    while (n < pattern.n && pattern.p[n] != '*')
        n++;
    return n;
}

static int take_event(struct tx_cursor *c, struct tx_wire_policy *policy) {
    const uint8_t *p;
    uint16_t n;

    if (tx_cursor_u16(c, &n) < 0 || n == 0 || n > TX_LIMIT_EVENT_BYTES ||
        policy->n_events == TX_LIMIT_POLICY_EVENTS ||
        n > TX_LIMIT_POLICY_TEXT_BYTES - policy->n_text || tx_cursor_bytes(c, n, &p) < 0)
        return -EBADMSG;
    memcpy(policy->text + policy->n_text, p, n);
    policy->events[policy->n_events].at = policy->n_text;
    policy->events[policy->n_events].n = (uint8_t)n;
    policy->events[policy->n_events++].n_literal =
        (uint8_t)literal_bytes((struct tx_text){.p = (const char *)p, .n = n});
    policy->n_text = (uint16_t)(policy->n_text + n);
    return 0;
}

static int take_class(struct tx_cursor *c, struct tx_wire_policy *policy) {
    struct tx_wire_class *class = &policy->classes[policy->n_classes];
    uint16_t n;

    if (take_demand(c, &class->demand) < 0 || tx_cursor_u16(c, &n) < 0 || n == 0)
        return -EBADMSG;
    class->first = policy->n_events;
    class->n = n;
    for (uint16_t i = 0; i < n; i++)
        if (take_event(c, policy) < 0)
            return -EBADMSG;
    policy->n_classes++;
    return 0;
}

int tx_wire_policy_parse(const void *datagram, size_t n, struct tx_wire_policy *ret) {
    struct tx_cursor c = tx_cursor_of(datagram, n);
    uint16_t n_classes;
    uint8_t type;

    ret->n_classes = ret->n_events = ret->n_text = 0;
    if (tx_wire_header_take(&c, n, &type) < 0 || type != TX_WIRE_POLICY ||
        tx_cursor_u16(&c, &n_classes) < 0 || n_classes > TX_LIMIT_POLICY_CLASSES)
        return -EBADMSG;
    for (uint16_t i = 0; i < n_classes; i++)
        if (take_class(&c, ret) < 0)
            return -EBADMSG;
    return c.n == 0 ? 0 : -EBADMSG;
}

/* --- patterns --- */

/* One step for each byte of the name over all places in the pattern at once: no backtracking. */
static void step(struct tx_text pattern, char c, const bool *here, bool *next) {
    for (size_t i = 0; i < pattern.n; i++) {
        if (!here[i])
            continue;
        bool is_double =
            (i + 1 < pattern.n && pattern.p[i + 1] == '*') || (i > 0 && pattern.p[i - 1] == '*');
        if (pattern.p[i] != '*')
            next[i + 1] |= pattern.p[i] == c;
        else
            next[i] |= c != '.' || is_double;
    }
}

/* A star may stand for nothing. */
static void skip_stars(struct tx_text pattern, bool *here) {
    for (size_t i = 0; i < pattern.n; i++)
        if (here[i] && pattern.p[i] == '*')
            here[i + 1] = true;
}

static bool matches_slowly(struct tx_text pattern, struct tx_text event) {
    bool memory[2][TX_LIMIT_EVENT_BYTES + 1] = {{true}};
    bool *here = memory[0], *next = memory[1];

    skip_stars(pattern, here);
    for (size_t k = 0; k < event.n; k++) {
        memset(next, 0, pattern.n + 1);
        step(pattern, event.p[k], here, next);
        skip_stars(pattern, next);
        bool *swap = here;
        here = next;
        next = swap;
    }
    return here[pattern.n];
}

/* Behind the literal, which is there. Most patterns end in one star, or two. */
static bool matches_rest(struct tx_text pattern, size_t n_literal, struct tx_text event) {
    struct tx_text stars = {.p = pattern.p + n_literal, .n = pattern.n - n_literal};
    struct tx_text rest = {.p = event.p + n_literal, .n = event.n - n_literal};

    if (stars.n == 0)
        return rest.n == 0;
    if (pattern.n == 1 || (stars.n == 2 && stars.p[1] == '*'))
        return true;
    if (stars.n == 1)
        return rest.n == 0 || !memchr(rest.p, '.', rest.n);
    return matches_slowly(stars, rest);
}

static inline bool matches(struct tx_text pattern, size_t n_literal, struct tx_text event) {
    /* Most names are out by what stands before the first star. */
    if (event.n < n_literal || (n_literal > 0 && event.p[0] != pattern.p[0]) ||
        memcmp(event.p, pattern.p, n_literal) != 0)
        return false;
    return matches_rest(pattern, n_literal, event);
}

bool tx_wire_policy_matches(struct tx_text pattern, struct tx_text event) {
    return pattern.n <= TX_LIMIT_EVENT_BYTES && matches(pattern, literal_bytes(pattern), event);
}

/* --- asking --- */

static bool is_in(const struct tx_wire_policy *policy, const struct tx_wire_class *class,
                  struct tx_text event) {
    for (size_t i = class->first; i < (size_t) class->first + class->n; i++) {
        struct tx_text pattern = {.p = policy->text + policy->events[i].at,
                                  .n = policy->events[i].n};
        if (matches(pattern, policy->events[i].n_literal, event))
            return true;
    }
    return false;
}

static void join(struct tx_wire_demand *to, const struct tx_wire_demand *other) {
    if (other->level > to->level)
        to->level = other->level;
    if (other->unavailable < to->unavailable)
        return;
    if (other->unavailable > to->unavailable) {
        to->unavailable = other->unavailable;
        to->has_timeout = false;
        to->timeout_ms = 0;
    }
    to->has_timeout |= other->has_timeout;
    if (other->timeout_ms > to->timeout_ms)
        to->timeout_ms = other->timeout_ms;
}

bool tx_wire_policy_find(const struct tx_wire_policy *policy, struct tx_text event,
                         struct tx_wire_demand *ret) {
    bool any = false;

    for (size_t i = 0; i < policy->n_classes; i++) {
        const struct tx_wire_class *class = &policy->classes[i];
        if (!is_in(policy, class, event))
            continue;
        if (any)
            join(ret, &class->demand);
        else
            *ret = class->demand;
        any = true;
    }
    return any;
}
