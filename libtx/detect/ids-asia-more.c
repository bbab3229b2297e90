/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* More of Asia, Africa and Oceania, as python-stdnum 1.18 has it where no page is named. */

static unsigned two(const char *id) {
    return (unsigned)tx_id_number(id, 2);
}

static bool is_day(unsigned year, unsigned month, unsigned day) {
    return tx_is_date(1900 + year, month, day) || tx_is_date(2000 + year, month, day);
}

static bool is_au_acn(const char *id) {
    static const int8_t weights[] = {8, 7, 6, 5, 4, 3, 2, 1};
    return (10 - tx_weighted(id, weights, 8) % 10) % 10 == (int)tx_digit(id[8]) &&
           !tx_id_is_uniform(id, 9);
}

static bool is_il_id(const char *id) {
    return tx_luhn(id, 9) && !tx_id_is_uniform(id, 9);
}

/* NADRA: the first digit is a province, the last (odd: a man) is not 0. */
static bool is_pk_cnic(const char *id) {
    return id[0] >= '1' && id[0] <= '7' && id[12] != '0' && !tx_id_is_uniform(id, 13);
}

/* yymmdd, place of birth, serial number (Jabatan Pendaftaran Negara). */
static bool is_my_nric(const char *id) {
    static const char never[] = "00 17 18 19 20 69 70 73 80 81 94 95 96 97 ";
    for (const char *place = never; *place; place += 3)
        if (strncmp(place, id + 6, 2) == 0)
            return false;
    return is_day(two(id), two(id + 2), two(id + 4));
}

/* Province, regency, district, ddmmyy (a woman's day is 40 more), serial number. */
static bool is_id_nik(const char *id) {
    static const char provinces[] = "11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 61 "
                                    "62 63 64 65 71 72 73 74 75 76 81 82 91 92 93 94 95 96 97 ";
    unsigned day = two(id + 6);
    bool known = false;
    for (const char *p = provinces; *p; p += 3)
        known = known || strncmp(p, id, 2) == 0;
    return known && is_day(two(id + 10), two(id + 8), day > 40 ? day - 40 : day) &&
           strcmp(id + 12, "0000") != 0;
}

/* Luhn's digit is the ninth. */
static bool is_id_npwp(const char *id) {
    return tx_luhn(id, 9) && !tx_id_is_uniform(id, 9);
}

static bool is_in_voter(const char *id) {
    return !tx_id_is_uniform(id + 3, 7);
}

/* State, the holder's PAN, how many, a Z, the check character (modulo 36), which is not asked for:
 * the form is definite. */
static bool is_in_gstin(const char *id) {
    unsigned state = two(id);
    return state >= 1 && state <= 38 && id[12] != '0' && id[13] == 'Z';
}

/* Ministry of the Interior. The letter is a place, as two digits. */
static bool is_tw_id(const char *id) {
    static const int8_t weights[] = {8, 7, 6, 5, 4, 3, 2, 1, 1};
    static const uint8_t places[] = {10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21,
                                     22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33};
    int place = places[id[0] - 'A'];
    return strchr("1289", id[1]) &&
           (place / 10 + place % 10 * 9 + tx_weighted(id + 1, weights, 9)) % 10 == 0;
}

/* Immigration Department; one letter counts as if a space (36) stood before it. */
static bool is_hkid(unsigned sum, const char *id) {
    for (size_t i = 0; i < 6; i++)
        sum += (unsigned)(7 - i) * tx_digit(id[1 + i]);
    sum += ((unsigned)(id[0] - 'A') + 10) * 8;
    unsigned check = id[7] == 'A' ? 10 : tx_digit(id[7]);
    return check <= 10 && (sum + check) % 11 == 0;
}
static bool is_hk_id(const char *id) {
    return is_hkid(36 * 9, id);
}
static bool is_hk_id_of_two(const char *id) {
    return is_hkid(((unsigned)(id[0] - 'A') + 10) * 9, id + 1);
}

/* yymmdd, century and sex, four digits; a second set of weights where the first gives 10. */
static bool is_kz_iin(const char *id) {
    static const int8_t first[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    static const int8_t second[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2};
    int check = tx_weighted(id, first, 11) % 11;
    if (check == 10)
        check = tx_weighted(id, second, 11) % 11;
    return is_day(two(id), two(id + 2), two(id + 4)) && id[6] <= '6' &&
           check == (int)tx_digit(id[11]);
}

/* Century, yymmdd, governorate, serial number, a check digit of which nothing is published. */
static bool is_eg_id(const char *id) {
    unsigned place = two(id + 7), year = (id[0] == '2' ? 1900 : 2000) + two(id + 1);
    return (id[0] == '2' || id[0] == '3') && year < 2030 &&
           tx_is_date(year, two(id + 3), two(id + 5)) &&
           ((place >= 1 && place <= 35) || place == 88);
}

#define ROW(id, shape, context, check)                                                             \
    { TX_DETECT_##id, shape, TX_ID_##context, check }
static const struct tx_id_shape shapes[] = {
    ROW(AU_ACN, "999999999", CONTEXT, is_au_acn),
    ROW(AU_ACN, "999 999 999", CONTEXT, is_au_acn),
    ROW(IL_ID, "999999999", CONTEXT, is_il_id),
    ROW(IL_ID, "99999999-9", CONTEXT, is_il_id),
    ROW(PK_CNIC, "99999-9999999-9", APART, is_pk_cnic),
    ROW(PK_CNIC, "9999999999999", CONTEXT, is_pk_cnic),
    ROW(MY_NRIC, "999999-99-9999", APART, is_my_nric),
    ROW(MY_NRIC, "999999 99 9999", CONTEXT, is_my_nric),
    ROW(MY_NRIC, "999999999999", CONTEXT, is_my_nric),
    ROW(ID_NIK, "9999999999999999", CONTEXT, is_id_nik),
    ROW(ID_NIK, "999999 999999 9999", CONTEXT, is_id_nik),
    ROW(ID_NPWP, "99.999.999.9-999.999", ALONE, is_id_npwp),
    ROW(ID_NPWP, "99.999.999.9.999.999", ALONE, is_id_npwp),
    ROW(ID_NPWP, "999999999999999", CONTEXT, is_id_npwp),
    ROW(IN_VOTER, "AAA9999999", CONTEXT, is_in_voter),
    ROW(IN_GSTIN, "99AAAAA9999AXAX", ALONE, is_in_gstin),
    ROW(TW_ID, "A999999999", CONTEXT, is_tw_id),
    ROW(HK_ID, "A999999X", CONTEXT, is_hk_id),
    ROW(HK_ID, "AA999999X", CONTEXT, is_hk_id_of_two),
    ROW(KZ_IIN, "999999999999", CONTEXT, is_kz_iin),
    ROW(EG_ID, "99999999999999", CONTEXT, is_eg_id),
};

const struct tx_id_family tx_ids_asia_more = {shapes, TX_COUNT_OF(shapes)};
