/* SPDX-License-Identifier: MIT */
#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* Personal numbers of eastern Europe and Turkey. */

static unsigned part(const char *id, size_t n) {
    return (unsigned)tx_id_number(id, n);
}

/* Ustawa o ewidencji ludności (2010), art. 15. The month tells the century: +80 is 18xx, then 19xx
 * +0, 20xx +20 and so on. */
static bool is_pesel(const char *id) {
    static const int8_t weights[11] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
    static const uint16_t centuries[5] = {1900, 2000, 2100, 2200, 1800};
    unsigned month = part(id + 2, 2);
    return tx_weighted(id, weights, 11) % 10 == 0 &&
           tx_is_date(centuries[month / 20] + part(id, 2), month % 20, part(id + 4, 2));
}

/* Months of women are +50; +20 where a day has no numbers left. stdnum also takes +40 and +90,
 * which nobody was given. */
static unsigned rc_month(const char *id) {
    unsigned month = part(id + 2, 2);
    if (month > 50)
        month -= 50;
    return month > 20 ? month - 20 : month;
}

/* Zákon 133/2000 Sb. § 13; the same in Slovakia, zákon 301/1995 Z. z. */
static bool is_rc(const char *id) {
    unsigned year = 1900 + part(id, 2);
    if (year < 1954)
        year += 100;
    /* Until 1984 a remainder of 10 was written as 0. */
    unsigned remainder = part(id, 9) % 11;
    if (year < 1985)
        remainder %= 10;
    return remainder == tx_digit(id[9]) && tx_is_date(year, rc_month(id), part(id + 4, 2));
}

/* As they were given out until 1953: without a check digit. */
static bool is_old_rc(const char *id) {
    unsigned year = 1900 + part(id, 2);
    if (year >= 1980)
        year -= 100;
    return year < 1954 && tx_is_date(year, rc_month(id), part(id + 4, 2));
}

/* 1996. évi XX. törvény, annex 2. */
static bool is_taj(const char *id) {
    static const int8_t weights[8] = {3, 7, 3, 7, 3, 7, 3, 7};
    return !tx_id_is_uniform(id, 9) && tx_weighted(id, weights, 8) % 10 == (int)tx_digit(id[8]);
}

/* OUG 97/2005 and HG 64/2011. As in stdnum, the county is not looked at: new codes come up. */
static bool is_cnp(const char *id) {
    static const int8_t weights[12] = {2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9};
    /* By the first digit; of 7, 8 and 9 (foreigners) the century is not known. */
    static const uint16_t centuries[10] = {0, 1900, 1900, 1800, 1800, 2000, 2000, 1900, 1900, 1900};
    unsigned remainder = (unsigned)tx_weighted(id, weights, 12) % 11;
    return id[0] != '0' && tx_digit(id[12]) == (remainder == 10 ? 1 : remainder) &&
           tx_is_date(centuries[tx_digit(id[0])] + part(id + 1, 2), part(id + 3, 2),
                      part(id + 5, 2));
}

/* Закон за гражданската регистрация, чл. 11. Months are +20 before 1900, +40 from 2000 on. */
static bool is_egn(const char *id) {
    static const int8_t weights[9] = {2, 4, 8, 5, 10, 9, 7, 3, 6};
    unsigned year = 1900 + part(id, 2), month = part(id + 2, 2);
    if (month > 40) {
        year += 100;
        month -= 40;
    } else if (month > 20) {
        year -= 100;
        month -= 20;
    }
    return tx_weighted(id, weights, 9) % 11 % 10 == (int)tx_digit(id[9]) &&
           tx_is_date(year, month, part(id + 4, 2));
}

/* Nüfus ve Vatandaşlık İşleri: the tenth digit checks nine, the eleventh ten. */
static bool is_tckn(const char *id) {
    static const int8_t tenth[9] = {7, 9, 7, 9, 7, 9, 7, 9, 7}; /* 9 is -1 */
    static const int8_t eleventh[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    return id[0] != '0' && tx_weighted(id, tenth, 9) % 10 == (int)tx_digit(id[9]) &&
           tx_weighted(id, eleventh, 10) % 10 == (int)tx_digit(id[10]);
}

/* "999 999 999" is also how these countries write amounts and telephone numbers. */
static const struct tx_id_shape shapes[] = {
    {TX_DETECT_PL_PESEL, "99999999999", TX_ID_CONTEXT, is_pesel},
    {TX_DETECT_PL_PESEL, "999999 99999", TX_ID_CONTEXT, is_pesel},
    {TX_DETECT_PL_PESEL, "999999-99999", TX_ID_CONTEXT, is_pesel},

    {TX_DETECT_CZ_SK_RC, "999999/9999", TX_ID_ALONE, is_rc},
    {TX_DETECT_CZ_SK_RC, "99 99 99/9999", TX_ID_ALONE, is_rc},
    {TX_DETECT_CZ_SK_RC, "999999 9999", TX_ID_CONTEXT, is_rc},
    {TX_DETECT_CZ_SK_RC, "999999-9999", TX_ID_CONTEXT, is_rc},
    {TX_DETECT_CZ_SK_RC, "9999999999", TX_ID_CONTEXT, is_rc},
    {TX_DETECT_CZ_SK_RC, "999999/999", TX_ID_CONTEXT, is_old_rc},
    {TX_DETECT_CZ_SK_RC, "999999999", TX_ID_CONTEXT, is_old_rc},

    {TX_DETECT_HU_TAJ, "999 999 999", TX_ID_CONTEXT, is_taj},
    {TX_DETECT_HU_TAJ, "999-999-999", TX_ID_CONTEXT, is_taj},
    {TX_DETECT_HU_TAJ, "999999999", TX_ID_CONTEXT, is_taj},

    {TX_DETECT_RO_CNP, "9999999999999", TX_ID_CONTEXT, is_cnp},
    {TX_DETECT_RO_CNP, "9 999999 999999", TX_ID_CONTEXT, is_cnp},
    {TX_DETECT_RO_CNP, "9-999999-999999", TX_ID_CONTEXT, is_cnp},

    {TX_DETECT_BG_EGN, "9999999999", TX_ID_CONTEXT, is_egn},
    {TX_DETECT_BG_EGN, "999999 9999", TX_ID_CONTEXT, is_egn},
    {TX_DETECT_BG_EGN, "999999-9999", TX_ID_CONTEXT, is_egn},
    {TX_DETECT_BG_EGN, "999999 999 9", TX_ID_CONTEXT, is_egn},

    {TX_DETECT_TR_TCKN, "99999999999", TX_ID_CONTEXT, is_tckn},
    {TX_DETECT_TR_TCKN, "999 999 999 99", TX_ID_CONTEXT, is_tckn},
    {TX_DETECT_TR_TCKN, "999-999-999-99", TX_ID_CONTEXT, is_tckn},
};

const struct tx_id_family tx_ids_europe_east = {shapes, TX_COUNT_OF(shapes)};
