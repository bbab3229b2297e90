/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* What has hardly more than a form: telephone numbers without the country, and passports. Most want
 * a word near. */

/* NANP: area and exchange are 2 to 9 and not N11. */
static bool is_code(const char *id) {
    return id[0] >= '2' && !(id[1] == '1' && id[2] == '1');
}
static bool is_nanp(const char *id) {
    return is_code(id) && is_code(id + 3);
}
static bool is_nanp_one(const char *id) {
    return id[0] == '1' && is_nanp(id + 1);
}

/* From abroad, and with an extension: 415-555-2671x123. */
static bool is_nanp_from_abroad(const char *id) {
    return strncmp(id, "001", 3) == 0 && is_nanp(id + 3);
}
static bool is_nanp_extended(const char *id) {
    return id[10] == 'X' && is_nanp(id);
}
static bool is_nanp_one_extended(const char *id) {
    return id[11] == 'X' && is_nanp_one(id);
}
static bool is_nanp_from_abroad_extended(const char *id) {
    return id[13] == 'X' && is_nanp_from_abroad(id);
}
static bool is_phone_extended(const char *id) {
    return id[10] == 'X';
}

static bool is_phone(const char *id) {
    return !tx_id_is_uniform(id, strlen(id));
}
/* Of plain digits, round numbers are something else. */
static bool is_phone_plain(const char *id) {
    unsigned seen = 0;
    for (size_t i = 0; id[i]; i++)
        seen |= 1u << tx_digit(id[i]);
    return __builtin_popcount(seen) >= 4;
}

static bool is_passport(const char *id) {
    return strlen(id) < 4 || !tx_id_is_uniform(id + 2, strlen(id) - 2);
}

/* Germany's, by letter and digit: no vowels (as in ids-europe-west.c), and some digits. */
static bool is_passport_de(const char *id) {
    size_t n_digits = 0;
    for (size_t i = 0; id[i]; i++) {
        if (!strchr("0123456789CFGHJKLMNPRTVWXYZ", id[i]))
            return false;
        n_digits += id[i] <= '9';
    }
    return n_digits >= 2;
}

#define ROW(id, shape, context, check)                                                             \
    { TX_DETECT_##id, shape, TX_ID_##context, check }
static const struct tx_id_shape shapes[] = {
    ROW(PHONE_NANP, "999-999-9999", APART, is_nanp),
    ROW(PHONE_NANP, "999.999.9999", APART, is_nanp),
    ROW(PHONE_NANP, "999 999 9999", APART, is_nanp),
    ROW(PHONE_NANP, "9-999-999-9999", APART, is_nanp_one),
    ROW(PHONE_NANP, "9.999.999.9999", APART, is_nanp_one),
    ROW(PHONE_NANP, "9 999 999 9999", APART, is_nanp_one),
    ROW(PHONE_NANP, "9999999999", CONTEXT, is_nanp),
    ROW(PHONE_NANP, "99999999999", CONTEXT, is_nanp_one),
    ROW(PHONE_NANP, "999-9999999", CONTEXT, is_nanp),

    ROW(PHONE_NATIONAL, "99999999", CONTEXT, is_phone_plain),
    ROW(PHONE_NATIONAL, "999999999", CONTEXT, is_phone_plain),
    ROW(PHONE_NATIONAL, "9999999999", CONTEXT, is_phone_plain),
    ROW(PHONE_NATIONAL, "99999999999", CONTEXT, is_phone_plain),
    ROW(PHONE_NATIONAL, "999999999999", CONTEXT, is_phone_plain),

    ROW(PHONE_NATIONAL, "999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~9999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~9999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~9999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99999~99999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99999~999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~999~999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~999~999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~999~999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~9999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~9999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~99999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9~9999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~999~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~999~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~99~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~999~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9~999~999~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~99~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~99~99~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~99~99~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99/9999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999/9999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999/999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999/9999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99999/99999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99999/999999", CONTEXT, is_phone),
    ROW(PHONE_NANP, "999~999~9999A999", APART, is_nanp_extended),
    ROW(PHONE_NANP, "999~999~9999A9999", APART, is_nanp_extended),
    ROW(PHONE_NANP, "999~999~9999A99999", APART, is_nanp_extended),
    ROW(PHONE_NANP, "9~999~999~9999A999", APART, is_nanp_one_extended),
    ROW(PHONE_NANP, "9~999~999~9999A9999", APART, is_nanp_one_extended),
    ROW(PHONE_NANP, "9~999~999~9999A99999", APART, is_nanp_one_extended),
    ROW(PHONE_NANP, "999-999-999-9999A999", APART, is_nanp_from_abroad_extended),
    ROW(PHONE_NANP, "999-999-999-9999A9999", APART, is_nanp_from_abroad_extended),
    ROW(PHONE_NANP, "999-999-999-9999A99999", APART, is_nanp_from_abroad_extended),
    ROW(PHONE_NATIONAL, "999~999~9999A999", CONTEXT, is_phone_extended),
    ROW(PHONE_NATIONAL, "999~999~9999A9999", CONTEXT, is_phone_extended),
    ROW(PHONE_NATIONAL, "999~999~9999A99999", CONTEXT, is_phone_extended),
    ROW(PHONE_NANP, "999-999-999-9999", APART, is_nanp_from_abroad),
    ROW(PHONE_NATIONAL, "999~99~999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~9999~999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~99~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999-99 99 99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99-999 999 99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999-99 99 99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999-999 99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99999 9 99999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99999~9~999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999 999 99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~99999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~99~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~99~999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9999~999~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~99999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~99~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~99999999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99~999~999~9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "99999~99~99~99", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9~999~999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "9-999-99-9999", CONTEXT, is_phone),
    ROW(PHONE_NATIONAL, "999~99~9999", CONTEXT, is_phone),
    ROW(PASSPORT, "A999A9999", CONTEXT, is_passport),
    ROW(PASSPORT, "999999999", CONTEXT, is_passport),
    ROW(PASSPORT, "99999999", CONTEXT, is_passport),
    ROW(PASSPORT, "A9999999", CONTEXT, is_passport),
    ROW(PASSPORT, "A99999999", CONTEXT, is_passport),
    ROW(PASSPORT, "AA999999", CONTEXT, is_passport),
    ROW(PASSPORT, "AA9999999", CONTEXT, is_passport),
    ROW(PASSPORT, "AA 9999999", CONTEXT, is_passport),
    ROW(PASSPORT, "AAA999999", CONTEXT, is_passport),
    ROW(PASSPORT, "99AA99999", CONTEXT, is_passport),
    ROW(PASSPORT, "AAXXXXXX9", CONTEXT, is_passport_de),
    ROW(PASSPORT, "AXXXXXXXX", CONTEXT, is_passport_de),
    ROW(PASSPORT, "AXXXXXXXX9", CONTEXT, is_passport_de),
};

const struct tx_id_family tx_ids_people = {shapes, TX_COUNT_OF(shapes)};
