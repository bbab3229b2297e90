/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_KV_H
#define TX_DETECT_KV_H

/*
 * Names of secrets and their values: which words name one, and what stands where a value could be
 * and is none. Knows words, and no text around them.
 */

#include "libtx/detect/scan.h"

enum tx_kv_kind {
    TX_KV_NONE,
    TX_KV_PASSWORD,
    TX_KV_DIRECTORY, /* PWD: a password or, in a shell, where one is */
    TX_KV_SECRET,
    TX_KV_TOKEN,
    TX_KV_KEY, /* some key or other: the value must look random */
};

static inline bool tx_kv_is_quote(uint8_t c) {
    return c == '"' || c == '\'' || c == '`';
}

/* A character of a name. */
static inline bool tx_kv_is_name(uint8_t c) {
    return tx_is_alnum(c) || c == '_' || c == '-' || c >= 0x80;
}

/* What the word [p, p + n) names; of a long one, the end is enough. */
enum tx_kv_kind tx_kv_kind(const uint8_t *p, size_t n);

/* Whether [p, p + n), not empty, stands in place of a value of this kind: a variable, a word for
 * nothing, a row of x, what masking itself wrote. */
bool tx_kv_is_placeholder(enum tx_kv_kind kind, const uint8_t *p, size_t n);

/* Letters and digits, at least `least`, that nobody would take for words. */
bool tx_kv_is_random(const uint8_t *p, size_t n, size_t least);

/* The value at `at`, behind a sign or what stands for one, is claimed unless it is no secret. */
void tx_kv_take_value(struct tx_scan *s, enum tx_kv_kind kind, size_t at);
/* [start, end), which is one, if it is no placeholder. */
void tx_kv_claim(struct tx_scan *s, enum tx_kv_kind kind, size_t start, size_t end);

/* The kind of the word that ends at `end`; where it begins. */
enum tx_kv_kind tx_kv_kind_before(struct tx_scan *s, size_t end, size_t *ret_start);

/* Names that have another thing than a sign behind them. `at` is in the name. */
void tx_detect_kv_name(struct tx_scan *s, size_t at);

/* The values of a header, "Cookie: name=value; name=value". `at` is the name's first letter. */
void tx_detect_cookie(struct tx_scan *s, size_t at);

#endif
