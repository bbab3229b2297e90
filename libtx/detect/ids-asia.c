/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* Asia, Africa and Oceania. */

#define YEAR_MAX 2029 /* as in ids-common.c */

static unsigned two(const char *id) {
    return (unsigned)tx_id_number(id, 2);
}

static bool is_day(unsigned year, unsigned month, unsigned day) {
    return tx_is_date(1900 + year, month, day) || tx_is_date(2000 + year, month, day);
}

/* UIDAI: Verhoeff's check; no palindrome; not 0 or 1 in front. */
static bool is_in_aadhaar(const char *id) {
    bool palindrome = true;
    for (size_t i = 0; i < 6; i++)
        palindrome &= id[i] == id[11 - i];
    return id[0] >= '2' && !palindrome && tx_verhoeff(id, 12);
}

static bool is_in_pan(const char *id) {
    return strchr("ABCFGHJKLPT", id[3]) && strncmp(id + 5, "0000", 4) != 0;
}

static bool is_sg_nric(const char *id) {
    static const int8_t weights[] = {2, 7, 6, 5, 4, 3, 2};
    int sum = tx_weighted(id + 1, weights, 7);
    switch (id[0]) {
    case 'S':
        return id[8] == "JZIHGFEDCBA"[sum % 11];
    case 'T':
        return id[8] == "JZIHGFEDCBA"[(sum + 4) % 11];
    case 'F':
        return id[8] == "XWUTRQPNMLK"[sum % 11];
    case 'G':
        return id[8] == "XWUTRQPNMLK"[(sum + 4) % 11];
    case 'M':
        return id[8] == "KLJNPQRTUWX"[10 - (sum + 3) % 11];
    default:
        return false;
    }
}

static bool is_kr_rrn(const char *id) {
    static const int8_t weights[] = {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5};
    static const unsigned centuries[] = {1800, 1900, 1900, 2000, 2000,
                                         1900, 1900, 2000, 2000, 1800};
    unsigned year = centuries[tx_digit(id[6])] + two(id);
    return tx_is_date(year, two(id + 2), two(id + 4)) && two(id + 7) <= 96 &&
           (11 - tx_weighted(id, weights, 12) % 11) % 10 == (int)tx_digit(id[12]);
}

/* Since October 2020 the digits behind the first are by chance, without a check. */
static bool is_kr_rrn_of_2020(const char *id) {
    unsigned year = two(id), c = tx_digit(id[6]);
    return (c == 3 || c == 4 || c == 7 || c == 8) && year >= 20 && year <= YEAR_MAX - 2000 &&
           (year > 20 || two(id + 2) >= 10) && tx_is_date(2000 + year, two(id + 2), two(id + 4));
}

static bool is_jp_mynumber(const char *id) {
    static const int8_t weights[] = {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    int remainder = tx_weighted(id, weights, 11) % 11;
    return (remainder <= 1 ? 0 : 11 - remainder) == (int)tx_digit(id[11]) &&
           !tx_id_is_uniform(id, 12);
}

/* GB 11643: area, day of birth, order, ISO 7064 MOD 11-2. Any year will do where a word is near;
 * the calendar is the same every 400. */
static bool is_cn_id_ever(const char *id) {
    unsigned sum = 0, year = (unsigned)tx_id_number(id + 6, 4);
    for (size_t i = 0; i < 17; i++)
        sum = (sum + tx_digit(id[i])) * 2 % 11;
    return id[17] == "0123456789X"[(12 - sum) % 11] && year > 0 &&
           tx_is_date(2000 + year % 400, two(id + 10), two(id + 12));
}

/* Unlike stdnum, no list of counties, and no birth to come: else one in 400 of other numbers with
 * 18 digits would pass. */
static bool is_cn_id(const char *id) {
    unsigned province = two(id), year = (unsigned)tx_id_number(id + 6, 4);
    return province >= 11 && province <= 91 && year >= 1800 && year <= YEAR_MAX &&
           is_cn_id_ever(id);
}

static bool is_th_id(const char *id) {
    static const int8_t weights[] = {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
    return id[0] != '0' && id[0] != '9' &&
           (11 - tx_weighted(id, weights, 12) % 11) % 10 == (int)tx_digit(id[12]);
}

static bool is_za_id(const char *id) {
    return is_day(two(id), two(id + 2), two(id + 4)) && id[10] <= '2' && tx_luhn(id, 13);
}

static bool is_au_tfn(const char *id) {
    static const int8_t weights[] = {1, 4, 3, 7, 5, 8, 6, 9, 10};
    return tx_weighted(id, weights, 9) % 11 == 0 && !tx_id_is_uniform(id, 9);
}

/* Older ones have eight. */
static bool is_au_tfn_8(const char *id) {
    static const int8_t weights[] = {10, 7, 8, 4, 6, 3, 5, 1};
    return tx_weighted(id, weights, 8) % 11 == 0 && !tx_id_is_uniform(id, 8);
}

static bool is_au_medicare(const char *id) {
    static const int8_t weights[] = {1, 3, 7, 9, 1, 3, 7, 9};
    return id[0] >= '2' && id[0] <= '6' && id[9] != '0' &&
           tx_weighted(id, weights, 8) % 10 == (int)tx_digit(id[8]);
}

/* 1 is taken off the first digit. The first two are 11 + (0 to 88): no number begins with 10. */
static bool is_au_abn(const char *id) {
    static const int8_t weights[] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
    return two(id) >= 11 && (tx_weighted(id, weights, 11) - 10) % 89 == 0 &&
           !tx_id_is_uniform(id, 11);
}

/* IR, "IRD number validation": a second set of weights where the first gives 10. */
static bool is_ird(const char *id, size_t n) {
    static const int8_t first[] = {3, 2, 7, 6, 5, 4, 3, 2}, second[] = {7, 4, 3, 2, 5, 2, 7, 6};
    uint64_t number = tx_id_number(id, n);
    size_t skip = 9 - n;
    int check = (11 - tx_weighted(id, first + skip, n - 1) % 11) % 11;
    if (check == 10)
        check = (11 - tx_weighted(id, second + skip, n - 1) % 11) % 11;
    return number > 10000000 && number < 150000000 && check == (int)tx_digit(id[n - 1]);
}
static bool is_nz_ird_8(const char *id) {
    return is_ird(id, 8);
}
static bool is_nz_ird_9(const char *id) {
    return is_ird(id, 9);
}

#define ROW(id, shape, context, check)                                                             \
    { TX_DETECT_##id, shape, TX_ID_##context, check }
static const struct tx_id_shape shapes[] = {
    ROW(IN_AADHAAR, "9999 9999 9999", APART, is_in_aadhaar),
    ROW(IN_AADHAAR, "9999-9999-9999", APART, is_in_aadhaar),
    ROW(IN_AADHAAR, "999999999999", CONTEXT, is_in_aadhaar),
    ROW(IN_PAN, "AAAAA9999A", ALONE, is_in_pan),
    ROW(SG_NRIC, "A9999999A", ALONE, is_sg_nric),
    ROW(KR_RRN, "999999-9999999", ALONE, is_kr_rrn),
    ROW(KR_RRN, "9999999999999", CONTEXT, is_kr_rrn),
    ROW(KR_RRN, "999999-9999999", CONTEXT, is_kr_rrn_of_2020),
    ROW(JP_MYNUMBER, "999999999999", CONTEXT, is_jp_mynumber),
    ROW(JP_MYNUMBER, "9999 9999 9999", CONTEXT, is_jp_mynumber),
    ROW(JP_MYNUMBER, "9999-9999-9999", CONTEXT, is_jp_mynumber),
    ROW(CN_ID, "99999999999999999X", ALONE, is_cn_id),
    ROW(CN_ID, "999999 99999999 999X", ALONE, is_cn_id),
    ROW(CN_ID, "99999999999999999X", CONTEXT, is_cn_id_ever),
    ROW(TH_ID, "9999999999999", CONTEXT, is_th_id),
    ROW(TH_ID, "9-9999-99999-99-9", APART, is_th_id),
    ROW(TH_ID, "9 9999 99999 99 9", APART, is_th_id),
    ROW(ZA_ID, "9999999999999", CONTEXT, is_za_id),
    ROW(ZA_ID, "999999 9999 999", APART, is_za_id),
    ROW(ZA_ID, "999999 9999 99 9", APART, is_za_id),
    ROW(AU_TFN, "999999999", CONTEXT, is_au_tfn),
    ROW(AU_TFN, "999~999~999", CONTEXT, is_au_tfn),
    ROW(AU_TFN, "99999999", CONTEXT, is_au_tfn_8),
    ROW(AU_TFN, "99~999~999", CONTEXT, is_au_tfn_8),
    ROW(AU_MEDICARE, "9999999999", CONTEXT, is_au_medicare),
    ROW(AU_MEDICARE, "9999 99999 9", APART, is_au_medicare),
    ROW(AU_MEDICARE, "9999-99999-9", APART, is_au_medicare),
    ROW(AU_MEDICARE, "9999 99999 9/9", ALONE, is_au_medicare),
    ROW(AU_MEDICARE, "9999 99999 9-9", ALONE, is_au_medicare),
    ROW(AU_MEDICARE, "9999 99999 9 9", APART, is_au_medicare),
    ROW(AU_MEDICARE, "99999999999", CONTEXT, is_au_medicare),
    ROW(AU_ABN, "99999999999", CONTEXT, is_au_abn),
    ROW(AU_ABN, "99 999 999 999", APART, is_au_abn),
    ROW(NZ_IRD, "99999999", CONTEXT, is_nz_ird_8),
    ROW(NZ_IRD, "999999999", CONTEXT, is_nz_ird_9),
    ROW(NZ_IRD, "99~999~999", CONTEXT, is_nz_ird_8),
    ROW(NZ_IRD, "999~999~999", CONTEXT, is_nz_ird_9),
};

const struct tx_id_family tx_ids_asia = {shapes, TX_COUNT_OF(shapes)};
