/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/hash.h"
#include "libtx/detect/scan.h"

/* A Bitcoin address: Base58Check (BIP 13) or Bech32 and Bech32m (BIP 173, BIP 350). */

#define BASE58_BYTES 25
#define BECH32_CHARS_MAX 90

/* 1 more than the value; 0: no digit. */
static const uint8_t base58_digits[256] = {
    ['1'] = 1,  ['2'] = 2,  ['3'] = 3,  ['4'] = 4,  ['5'] = 5,  ['6'] = 6,  ['7'] = 7,  ['8'] = 8,
    ['9'] = 9,  ['A'] = 10, ['B'] = 11, ['C'] = 12, ['D'] = 13, ['E'] = 14, ['F'] = 15, ['G'] = 16,
    ['H'] = 17, ['J'] = 18, ['K'] = 19, ['L'] = 20, ['M'] = 21, ['N'] = 22, ['P'] = 23, ['Q'] = 24,
    ['R'] = 25, ['S'] = 26, ['T'] = 27, ['U'] = 28, ['V'] = 29, ['W'] = 30, ['X'] = 31, ['Y'] = 32,
    ['Z'] = 33, ['a'] = 34, ['b'] = 35, ['c'] = 36, ['d'] = 37, ['e'] = 38, ['f'] = 39, ['g'] = 40,
    ['h'] = 41, ['i'] = 42, ['j'] = 43, ['k'] = 44, ['m'] = 45, ['n'] = 46, ['o'] = 47, ['p'] = 48,
    ['q'] = 49, ['r'] = 50, ['s'] = 51, ['t'] = 52, ['u'] = 53, ['v'] = 54, ['w'] = 55, ['x'] = 56,
    ['y'] = 57, ['z'] = 58,
};

#define LIMBS 7 /* of 32 bits, the lowest first */

static bool decode_base58(const uint8_t *p, size_t n, uint8_t ret[BASE58_BYTES]) {
    uint32_t number[LIMBS] = {0};
    for (size_t i = 0; i < n;) {
        uint64_t carry = 0;
        uint32_t scale = 1;
        for (size_t k = 0; k < 5 && i < n; k++, i++) { /* 58^5 is less than 2^32 */
            if (!base58_digits[p[i]])
                return false;
            carry = carry * 58 + base58_digits[p[i]] - 1u;
            scale *= 58;
        }
        for (size_t k = 0; k < LIMBS; k++) {
            carry += (uint64_t)number[k] * scale;
            number[k] = (uint32_t)carry;
            carry >>= 32;
        }
        if (carry)
            return false;
    }
    for (size_t i = 0; i < BASE58_BYTES; i++)
        ret[BASE58_BYTES - 1 - i] = (uint8_t)(number[i / 4] >> (8 * (i % 4)));
    return number[LIMBS - 1] < 256;
}

static bool is_base58(const struct tx_scan *s, const uint8_t *p, size_t n) {
    struct tx_hasher *hasher = s->place->hasher;
    uint8_t bytes[BASE58_BYTES];
    struct tx_digest once, twice;
    if (n < 25 || n > 35 || !decode_base58(p, n, bytes) || (bytes[0] != 0 && bytes[0] != 5))
        return false;
    tx_hash(hasher, bytes, BASE58_BYTES - 4, NULL, 0, NULL, 0, &once);
    tx_hash(hasher, &once, sizeof(once), NULL, 0, NULL, 0, &twice);
    return memcmp(&twice, bytes + BASE58_BYTES - 4, 4) == 0;
}

static uint32_t add(uint32_t check, uint32_t value) {
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; i++)
        if (top >> i & 1)
            check ^= generator[i];
    return check;
}

/* Groups of five bits as bytes: no byte may begin in the padding, which is zero (BIP 173). */
static bool is_program(const uint8_t *values, size_t n, unsigned version) {
    size_t n_bits = n * 5, n_bytes = n_bits / 8, n_padding = n_bits % 8;
    bool zero = n_padding < 5 && (values[n - 1] & ((1u << n_padding) - 1)) == 0;
    return zero && n_bytes >= 2 && n_bytes <= 40 && (version > 0 || n_bytes == 20 || n_bytes == 32);
}

/* The part before the 1 is "bc"; then the version, the program and six of the check. All letters
 * are small or all are capitals. The check is BIP 173's, or BIP 350's of
 * versions from 1 on. */
static bool is_bech32(const uint8_t *p, size_t n) {
    static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    static const uint8_t prefix[] = {'b' >> 5, 'c' >> 5, 0, 'b' & 31, 'c' & 31};
    uint8_t values[BECH32_CHARS_MAX];
    bool upper = false, lower = false;
    uint32_t check = 1;
    if (n < 14 || n > BECH32_CHARS_MAX)
        return false;
    for (size_t i = 0; i < sizeof(prefix); i++)
        check = add(check, prefix[i]);
    for (size_t i = 0; i < n; i++) {
        upper |= p[i] >= 'A' && p[i] <= 'Z';
        lower |= p[i] >= 'a' && p[i] <= 'z';
        const char *at = i >= 3 ? strchr(digits, tx_lower(p[i])) : digits;
        if (!at || !p[i])
            return false;
        values[i] = (uint8_t)(at - digits);
        if (i >= 3)
            check = add(check, values[i]);
    }
    unsigned version = values[3];
    return !(upper && lower) && version <= 16 &&
           (check == 1 || (check == 0x2bc830a3 && version > 0)) &&
           is_program(values + 4, n - 10, version);
}

void tx_detect_btc(struct tx_scan *s, size_t start, size_t end) {
    const uint8_t *p = s->p + start;
    size_t n = end - start;

    if ((p[0] != '1' && p[0] != '3' && tx_lower(p[0]) != 'b') || tx_scan_before(s, start) == '_' ||
        tx_scan_at(s, end) == '_' || !tx_scan_wants(s, TX_DETECT_BTC_ADDRESS))
        return;
    bool base58 = (p[0] == '1' || p[0] == '3') && is_base58(s, p, n);
    if (base58 || (tx_scan_is_word(s, start, "bc1") && is_bech32(p, n)))
        tx_scan_claim(s, TX_DETECT_BTC_ADDRESS, start, end);
    else if (n >= 25 && (p[0] == '1' || p[0] == '3'))
        tx_scan_refuse(s, TX_DETECT_BTC_ADDRESS, start, end, TX_FATE_INVALID);
}
