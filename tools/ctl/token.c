/* SPDX-License-Identifier: MIT */
#include "tools/ctl/token.h"

#define PREFIX TX_TEXT("txe1:")
#define REF_CHARS 22u   /* 16 bytes */
#define NONCE_CHARS 16u /* 12 bytes */
#define TAG_CHARS 22u   /* 16 bytes: sealed has them at least */
#define SEALED_AT (5u + REF_CHARS + 1u + NONCE_CHARS + 1u)

static size_t count_digits(struct tx_text text, size_t at) {
    size_t n = 0;
    while (at + n < text.n && tx_base64url_digit(text.p[at + n]) >= 0)
        n++;
    return n;
}

size_t tx_token_longest(struct tx_text text, size_t at) {
    static const size_t parts[] = {REF_CHARS, NONCE_CHARS};
    size_t end = at + PREFIX.n;

    if (!tx_text_starts((struct tx_text){text.p + at, text.n - at}, PREFIX))
        return 0;
    for (size_t i = 0; i < TX_COUNT_OF(parts); i++) {
        if (count_digits(text, end) != parts[i] || end + parts[i] == text.n ||
            text.p[end + parts[i]] != ':')
            return 0;
        end += parts[i] + 1;
    }
    size_t n = count_digits(text, end);
    return n ? end + n - at : 0;
}

/* The bits that the last character has too many are zero. */
static bool can_end(struct tx_text sealed) {
    static const int too_many[] = {0, -1, 15, 3};
    int mask = too_many[sealed.n % 4];
    return mask >= 0 && (tx_base64url_digit(sealed.p[sealed.n - 1]) & mask) == 0;
}

size_t tx_token_shorter(struct tx_text token, size_t n) {
    while (n-- > SEALED_AT + TAG_CHARS)
        if (can_end((struct tx_text){token.p + SEALED_AT, n - SEALED_AT}))
            return n;
    return 0;
}

uint32_t tx_token_count(struct tx_text text) {
    uint32_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += tx_token_longest(text, i) > 0;
    return n;
}
