/* SPDX-License-Identifier: MIT */
#include "libtx/detect/card.h"

#include <assert.h>
#include <pthread.h>

#define N(n) (1u << (n))
#define N17_19 (N(17) | N(18) | N(19))
#define N16_19 (N(16) | N17_19)
#define N12_15 (N(12) | N(13) | N(14) | N(15))

/* By the first four digits; ISO/IEC 7812 ranges as the networks publish them. Lengths that hardly
 * anybody has are doubtful: of 19 random digits, which identifiers often have, too many would pass.
 */
static const struct {
    uint16_t first, last;
    uint32_t sure, doubtful;
} issuers[] = {
    {1000, 1999, 0, N(15)},              /* UATP, the airlines'; JCB's 1800 */
    {2131, 2131, 0, N(15)},              /* JCB */
    {2200, 2204, N(16), N17_19},         /* Mir */
    {2221, 2720, N(16), 0},              /* Mastercard */
    {3000, 3059, N(14) | N(16), N17_19}, /* Diners */
    {3095, 3095, N(14) | N(16), N17_19}, /* Diners */
    {3400, 3499, N(15), 0},              /* American Express */
    {3500, 3527, 0, N(16)},              /* JCB in test data only */
    {3528, 3589, N(16), N17_19},         /* JCB */
    {3590, 3599, 0, N(16)},
    {3600, 3699, N(14) | N(16), N(15) | N17_19}, /* Diners */
    {3700, 3799, N(15), 0},                      /* American Express */
    {3800, 3999, N(14) | N(16), N17_19},         /* Diners */
    {4000, 4999, N(13) | N(16), N(18) | N(19)},  /* Visa */
    {5000, 5099, N(16), N12_15 | N17_19},        /* Maestro, Elo, Verve */
    {5100, 5599, N(16), 0},                      /* Mastercard */
    {5600, 5899, N(16), N12_15 | N17_19},        /* Maestro */
    {6000, 6199, N(16), N12_15 | N17_19},        /* Maestro, Discover, RuPay */
    {6200, 6299, N16_19, N12_15},                /* UnionPay */
    {6300, 6999, N(16), N12_15 | N17_19},        /* Maestro, Discover, RuPay, Elo */
    {8100, 8299, N(16), N17_19},                 /* UnionPay, RuPay */
    {8600, 8600, N(16), 0},                      /* Uzcard */
    {9792, 9792, N(16), 0},                      /* Troy */
    {9860, 9860, N(16), 0},                      /* Humo */
};

/* EAN-13 (ISO/IEC 15420), as articles of shops have, and ISBNs. */
static bool is_article(const uint8_t *digits, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += digits[i] * (i % 2 ? 3u : 1u);
    return n == 13 && sum % 10 == 0;
}

static struct tx_card_table table;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void build(void) {
    static_assert(TX_COUNT_OF(issuers) < TX_CARD_ROWS, "row 0 is none");
    for (size_t i = 0; i < TX_COUNT_OF(issuers); i++) {
        for (unsigned first = issuers[i].first; first <= issuers[i].last; first++)
            table.row[first] = (uint8_t)(i + 1);
        table.lengths[i + 1] =
            (uint8_t)((issuers[i].sure | issuers[i].doubtful) >> TX_CARD_DIGITS_MIN);
    }
}

const struct tx_card_table *tx_card_table(void) {
    pthread_once(&once, build);
    return &table;
}

enum tx_card tx_card_kind(const uint8_t *digits, size_t n) {
    size_t row = tx_card_row(tx_card_table(), digits);
    if (row == 0)
        return TX_CARD_NONE;
    if (issuers[row - 1].sure & N(n))
        return is_article(digits, n) ? TX_CARD_DOUBTFUL : TX_CARD_SURE;
    return issuers[row - 1].doubtful & N(n) ? TX_CARD_DOUBTFUL : TX_CARD_NONE;
}

/* Lengths of the groups [start, end), 15 for longer ones, four bits each, from the right. */
static uint64_t groups_of(const struct tx_scan *s, size_t start, size_t end) {
    uint64_t groups = 0, n = 0;
    for (size_t i = start; i < end; i++)
        if (tx_is_digit(s->p[i])) {
            n++;
        } else {
            groups = groups << 4 | n;
            n = 0;
        }
    return groups << 4 | (n < 15 ? n : 15);
}

/* As cards and banks print them: fours, and a few others. */
static bool is_printed(uint64_t groups) {
    static const uint64_t others[] = {0x465, 0x464, 0x456, 0x4333};
    for (size_t i = 0; i < TX_COUNT_OF(others); i++)
        if (groups == others[i])
            return true;
    bool one_word = groups < 16, short_last = (groups & 15) <= 4;
    for (groups >>= 4; groups; groups >>= 4)
        if ((groups & 15) != 4)
            return false;
    return one_word || short_last;
}

/* More than one group, of which the first is not as any card has it. */
static bool is_loose(const struct tx_scan *s, size_t start, size_t end) {
    size_t n = 0;
    while (n < 5 && tx_is_digit(s->p[start + n]))
        n++;
    return n < 4 || (n == 5 && end - start > TX_CARD_DIGITS_MAX);
}

enum tx_fate tx_card_fate(struct tx_scan *s, enum tx_card kind, size_t start, size_t end) {
    uint8_t before = tx_scan_before(s, start);
    bool behind_digit = start > 1 && tx_is_digit(s->p[start - 2]);
    if ((kind != TX_CARD_SURE || is_loose(s, start, end)) && tx_context_is_clear(s, start, end))
        return TX_FATE_NO_CONTEXT;
    if (tx_scan_in_iban(s, start, end))
        return TX_FATE_INVALID;
    uint64_t groups = groups_of(s, start, end);
    bool one_word = groups < 16;

    if (one_word && before == '.' && behind_digit)
        return TX_FATE_IN_DECIMAL;
    if (one_word && tx_scan_in_hex_word(s, start, end))
        return TX_FATE_IN_HEX;
    if (tx_scan_in_uuid(s, start, end))
        return TX_FATE_IN_UUID;
    /* blk_-6952295868487656571 is a number of 64 bits. */
    bool joined = one_word && (before == '_' || before == '-') && !behind_digit;
    bool is_number = joined && (end - start > 16 || (start > 1 && s->p[start - 2] == '_'));
    bool sure = kind == TX_CARD_SURE && !is_number && is_printed(groups);
    return sure || tx_context_near(s, TX_DETECT_CREDIT_CARD, start, end) ? TX_FATE_CLAIMED
                                                                         : TX_FATE_NO_CONTEXT;
}
