/* SPDX-License-Identifier: MIT */
#include <openssl/sha.h>

#include "libtx/detect/scan.h"

/* A Bitcoin address: Base58Check (BIP 13) or Bech32 and Bech32m (BIP 173, BIP 350). */

#define BASE58_BYTES 25
#define BECH32_CHARS_MAX 90

static bool decode_base58(const uint8_t *p, size_t n, uint8_t ret[BASE58_BYTES]) {
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    memset(ret, 0, BASE58_BYTES);
    for (size_t i = 0; i < n; i++) {
        const char *at = strchr(digits, p[i]);
        if (!at || !p[i])
            return false;
        unsigned carry = (unsigned)(at - digits);
        for (size_t k = BASE58_BYTES; k-- > 0;) {
            carry += 58u * ret[k];
            ret[k] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry)
            return false;
    }
    return true;
}

static bool is_base58(const uint8_t *p, size_t n) {
    uint8_t bytes[BASE58_BYTES], once[SHA256_DIGEST_LENGTH], twice[SHA256_DIGEST_LENGTH];
    if (n < 25 || n > 35 || !decode_base58(p, n, bytes) || (bytes[0] != 0 && bytes[0] != 5))
        return false;
    SHA256(bytes, BASE58_BYTES - 4, once);
    SHA256(once, sizeof(once), twice);
    return memcmp(twice, bytes + BASE58_BYTES - 4, 4) == 0;
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
    bool base58 = (p[0] == '1' || p[0] == '3') && is_base58(p, n);
    if (base58 || (tx_scan_is_word(s, start, "bc1") && is_bech32(p, n)))
        tx_scan_claim(s, TX_DETECT_BTC_ADDRESS, start, end);
    else if (n >= 25 && (p[0] == '1' || p[0] == '3'))
        tx_scan_refuse(s, TX_DETECT_BTC_ADDRESS, start, end, TX_FATE_INVALID);
}
