/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/detect/fold.h"
#include "libtx/mask/action/action.h"
#include "libtx/mask/action/ip.h"

/* One thing has one spelling, so that the same value has the same pseudonym however it was
 * written. */

#define FOLDED_MAX 256 /* a longer text is no number */

static char small(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static char capital(char c) {
    return (char)(c >= 'a' && c <= 'z' ? c & ~0x20 : c);
}

static void put_small(struct tx_text text, struct tx_buf *out) {
    uint8_t *to = tx_buf_reserve(out, text.n);
    for (size_t i = 0; to && i < text.n; i++)
        to[i] = (uint8_t)small(text.p[i]);
}

/* Letters and digits, and signs that say something. */
static void put_number(struct tx_text text, struct tx_buf *out) {
    for (size_t i = 0; i < text.n; i++)
        if (!text.p[i] || !strchr(" -./()", text.p[i]))
            tx_buf_char(out, capital(text.p[i]));
}

static void put_mac_address(struct tx_text text, struct tx_buf *out) {
    for (size_t i = 0; i < text.n; i++)
        if (!text.p[i] || !strchr(":-.", text.p[i]))
            tx_buf_char(out, small(text.p[i]));
}

/* The (0) of +49 (0)30 is not dialled from abroad. */
static void put_phone(struct tx_text text, bool american, struct tx_buf *out) {
    char first = '\0';
    for (size_t i = 0; i < text.n && !first; i++)
        first = text.p[i] >= '0' && text.p[i] <= '9' ? text.p[i] : '\0';
    tx_buf_char(out, '+');
    if (american && first != '1')
        tx_buf_char(out, '1');
    for (size_t i = 0; i < text.n; i++) {
        if (text.n - i >= 3 && memcmp(text.p + i, "(0)", 3) == 0)
            i += 2;
        else if (text.p[i] >= '0' && text.p[i] <= '9')
            tx_buf_char(out, text.p[i]);
    }
}

static void put_ip(struct tx_text text, struct tx_buf *out) {
    struct tx_ip ip;
    if (tx_ip_parse(text, &ip) && !ip.has_prefix && ip.port.n == 0)
        tx_ip_put_full(&ip, out);
    else
        tx_buf_put(out, text.p, text.n);
    tx_wipe(&ip, sizeof(ip));
}

static bool is_number(enum tx_detector detector) {
    switch (detector) {
    case TX_DETECT_PHONE_NATIONAL:
    case TX_DETECT_PASSPORT:
    case TX_DETECT_CREDIT_CARD:
    case TX_DETECT_IBAN:
    case TX_DETECT_US_ABA_RTN:
    case TX_DETECT_IMEI:
    case TX_DETECT_VIN:
        return true;
    default:
        return detector >= TX_DETECT_UK_NINO && detector < TX_DETECT_N;
    }
}

static void put_canonical(enum tx_detector detector, struct tx_text text, struct tx_buf *out) {
    switch (detector) {
    case TX_DETECT_EMAIL:
    case TX_DETECT_ETH_ADDRESS:
        put_small(text, out);
        break;
    case TX_DETECT_PHONE_E164:
    case TX_DETECT_PHONE_NANP:
        put_phone(text, detector == TX_DETECT_PHONE_NANP, out);
        break;
    case TX_DETECT_IPV4:
    case TX_DETECT_IPV6:
        put_ip(text, out);
        break;
    case TX_DETECT_MAC:
        put_mac_address(text, out);
        break;
    default:
        if (is_number(detector))
            put_number(text, out);
        else
            tx_buf_put(out, text.p, text.n);
        break;
    }
}

/* A function of its own: its memory is zeroed at each call. */
__attribute__((noinline)) static void put_folded(enum tx_detector detector, struct tx_text text,
                                                 struct tx_buf *out) {
    uint8_t folded[FOLDED_MAX];
    uint32_t offsets[FOLDED_MAX + 1];
    size_t n = tx_fold(text, &tx_reading_default, folded, offsets);
    put_canonical(detector, (struct tx_text){(const char *)folded, n}, out);
    tx_wipe(folded, sizeof(folded));
}

void tx_action_canonical(enum tx_detector detector, struct tx_text text, struct tx_buf *out) {
    if (detector < TX_DETECT_N && text.n <= FOLDED_MAX && tx_fold_needed(text))
        put_folded(detector, text, out);
    else
        put_canonical(detector, text, out);
}
