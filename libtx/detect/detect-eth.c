/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * An Ethereum address: 0x and 40 hex digits. With letters of both cases these are a checksum
 * (EIP-55): a letter is a capital where the Keccak-256 hash of the address has a digit of 8 or
 * more.
 */

static uint64_t rotate(uint64_t v, unsigned n) {
    return n ? v << n | v >> (64 - n) : v;
}

/* Keccak-f[1600], FIPS 202 section 3.3. */
static void keccak_f(uint64_t a[25]) {
    static const uint64_t rounds[24] = {
        0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
        0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
        0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
    static const uint8_t offsets[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                        25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
    for (size_t round = 0; round < 24; round++) {
        uint64_t c[5], b[25];
        for (size_t x = 0; x < 5; x++)
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (size_t i = 0; i < 25; i++)
            a[i] ^= c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1);
        for (size_t x = 0; x < 5; x++)
            for (size_t y = 0; y < 5; y++)
                b[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(a[x + 5 * y], offsets[x + 5 * y]);
        for (size_t i = 0; i < 25; i++)
            a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
        a[0] ^= rounds[round];
    }
}

/* Of 40 bytes: one block of the rate 136, with Keccak's own padding. */
static void keccak_256(const uint8_t text[40], uint8_t ret[32]) {
    uint64_t a[25] = {0};
    for (size_t i = 0; i < 40; i++)
        a[i / 8] |= (uint64_t)text[i] << (8 * (i % 8));
    a[5] ^= 1;
    a[16] ^= UINT64_C(1) << 63;
    keccak_f(a);
    for (size_t i = 0; i < 32; i++)
        ret[i] = (uint8_t)(a[i / 8] >> (8 * (i % 8)));
}

static bool has_eip55_case(const uint8_t *p) {
    uint8_t lower[40], hash[32];
    for (size_t i = 0; i < 40; i++)
        lower[i] = tx_lower(p[i]);
    keccak_256(lower, hash);
    for (size_t i = 0; i < 40; i++) {
        unsigned digit = i % 2 ? hash[i / 2] & 15u : hash[i / 2] >> 4;
        if (tx_is_letter(p[i]) && (p[i] == lower[i]) == (digit >= 8))
            return false;
    }
    return true;
}

void tx_detect_eth(struct tx_scan *s, size_t at) {
    bool upper = false, lower = false;

    if (tx_scan_before(s, at) != '0' || (at > 1 && tx_is_word(s->p[at - 2])) || s->n - at <= 40 ||
        !tx_scan_wants(s, TX_DETECT_ETH_ADDRESS))
        return;
    for (size_t i = at + 1; i <= at + 40; i++) {
        if (!tx_is_hex(s->p[i]))
            return;
        upper |= s->p[i] >= 'A' && s->p[i] <= 'F';
        lower |= s->p[i] >= 'a' && s->p[i] <= 'f';
    }
    s->matches->work += 40;
    if (tx_is_word(tx_scan_at(s, at + 41)) || (upper && lower && !has_eip55_case(s->p + at + 1)))
        tx_scan_refuse(s, TX_DETECT_ETH_ADDRESS, at - 1, at + 41, TX_FATE_INVALID);
    else
        tx_scan_claim(s, TX_DETECT_ETH_ADDRESS, at - 1, at + 41);
}
