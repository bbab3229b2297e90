/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* Northern Europe and the Baltic. Most begin with the day of birth. */

static unsigned two(const char *id) {
    return (unsigned)tx_id_number(id, 2);
}

static bool is_day(unsigned year, unsigned month, unsigned day) {
    return tx_is_date(1900 + year, month, day) || tx_is_date(2000 + year, month, day);
}

/* yymmdd; the day is 60 more for a coordination number (Skatteverket SKV 704), which stdnum does
 * not know. `+` instead of the dash, from the hundredth year on, is no separator of a shape
 * (detect-plus.c). */
static unsigned se_day(const char *yymmdd) {
    unsigned day = two(yymmdd + 4);
    return day > 60 ? day - 60 : day;
}
static bool is_se_ten(const char *id) {
    return is_day(two(id), two(id + 2), se_day(id)) && tx_luhn(id, 10);
}
/* stdnum takes any century. */
static bool is_se_twelve(const char *id) {
    unsigned year = (unsigned)tx_id_number(id, 4);
    return year < 2100 && tx_is_date(year, two(id + 4), se_day(id + 2)) && tx_luhn(id + 2, 10);
}

/* The three digits after the day tell the century (Skatteetaten); 0 where they tell none. */
static unsigned no_year(unsigned year, unsigned individual) {
    if (individual < 500 || (individual >= 900 && year >= 40))
        return 1900 + year;
    if (individual < 750 && year >= 54)
        return 1800 + year;
    return year < 40 ? 2000 + year : 0;
}

/* ddmmyy; the day is 40 more for a D number, the month 40 more for a hospital's (Skatteetaten).
 * stdnum refuses days that are to come; no detector here has a clock. */
static bool is_no_fodselsnummer(const char *id) {
    static const int8_t first[] = {3, 7, 6, 1, 8, 9, 4, 5, 2, 1};
    static const int8_t second[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
    unsigned day = two(id) > 40 ? two(id) - 40 : two(id);
    unsigned month = two(id + 2) > 40 ? two(id + 2) - 40 : two(id + 2);
    unsigned year = no_year(two(id + 4), (unsigned)tx_id_number(id + 6, 3));
    return tx_is_date(year, month, day) && tx_weighted(id, first, 10) % 11 == 0 &&
           tx_weighted(id, second, 11) % 11 == 0;
}

/* ddmmyy; the seventh digit tells the century. Since 2007 there need be no check digit (cpr.dk).
 * Here too stdnum refuses days that are to come. */
static bool is_dk_cpr(const char *id) {
    unsigned year = two(id + 4), c = tx_digit(id[6]);
    unsigned century = c < 4              ? 1900
                       : c == 4 || c == 9 ? (year < 37 ? 2000 : 1900)
                       : year < 58        ? 2000
                                          : 1800;
    return tx_is_date(century + year, two(id + 2), two(id));
}

/* Most have one all the same, and those need no word near them. */
static bool is_dk_cpr_checked(const char *id) {
    static const int8_t weights[] = {4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
    return tx_weighted(id, weights, 10) % 11 == 0 && is_dk_cpr(id);
}

/* ddmmyy, a sign for the century, three digits (900 and more: a hospital's or a tester's, which
 * stdnum refuses unless it is told), a check character. */
static bool is_fi(const char *date, const char *individual, char check, unsigned century) {
    uint64_t number = tx_id_number(date, 6) * 1000 + tx_id_number(individual, 3);
    uint64_t n = tx_id_number(individual, 3);
    return n >= 2 && tx_is_date(century + two(date + 4), two(date + 2), two(date)) &&
           "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] == check;
}
static bool is_fi_hetu_dash(const char *id) {
    return is_fi(id, id + 6, id[9], 1900);
}
/* DVV, "Reform of the personal identity code": since 2023 there are more signs than A, the only one
 * that stdnum knows. `+` (18..) is no separator of a shape (detect-plus.c). */
static bool is_fi_hetu_letter(const char *id) {
    unsigned century = strchr("ABCDEF", id[6]) ? 2000 : strchr("UVWXY", id[6]) ? 1900 : 0;
    return century > 0 && is_fi(id, id + 7, id[10], century);
}

bool tx_id_is_fi_of_1800(const char *id) {
    return is_fi(id, id + 6, id[9], 1800);
}
bool tx_id_is_se_with_plus(const char *id) {
    return is_se_ten(id);
}

static bool has_baltic_check(const char *id) {
    static const int8_t first[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1};
    static const int8_t second[] = {3, 4, 5, 6, 7, 8, 9, 1, 2, 3};
    int check = tx_weighted(id, first, 10) % 11;
    if (check == 10)
        check = tx_weighted(id, second, 10) % 11 % 10;
    return check == (int)tx_digit(id[10]);
}
/* Sex and century, yymmdd, three digits, check digit. */
static bool is_ee_ik(const char *id) {
    unsigned c = tx_digit(id[0]);
    return c >= 1 && c <= 8 &&
           tx_is_date(1800 + (c - 1) / 2 * 100 + two(id + 1), two(id + 3), two(id + 5)) &&
           has_baltic_check(id);
}
/* The same, and 9 where the day is not known. */
static bool is_lt_ak(const char *id) {
    return is_ee_ik(id) || (id[0] == '9' && has_baltic_check(id));
}

/* ddmmyy, century, three digits, check digit. stdnum takes centuries that are to come. */
static bool is_lv_pk(const char *id) {
    static const int8_t weights[] = {10, 5, 8, 4, 2, 1, 6, 3, 7, 9};
    unsigned c = tx_digit(id[6]);
    return c <= 2 && tx_is_date(1800 + 100 * c + two(id + 4), two(id + 2), two(id)) &&
           (1 + tx_weighted(id, weights, 10)) % 11 % 10 == (int)tx_digit(id[10]);
}
/* Since 2017: 32 to 39, then digits by chance without a check (Fizisko personu reģistra likums).
 * stdnum does not know them. */
static bool is_lv_pk_of_2017(const char *id) {
    return two(id) >= 32 && two(id) <= 39;
}

#define ROW(id, shape, context, check)                                                             \
    { TX_DETECT_##id, shape, TX_ID_##context, check }
static const struct tx_id_shape shapes[] = {
    ROW(SE_PERSONNUMMER, "999999-9999", APART, is_se_ten),
    ROW(SE_PERSONNUMMER, "99999999-9999", ALONE, is_se_twelve),
    ROW(SE_PERSONNUMMER, "999999 9999", CONTEXT, is_se_ten),
    ROW(SE_PERSONNUMMER, "9999999999", CONTEXT, is_se_ten),
    ROW(SE_PERSONNUMMER, "99999999 9999", CONTEXT, is_se_twelve),
    ROW(SE_PERSONNUMMER, "999999999999", CONTEXT, is_se_twelve), /* so are times written */
    ROW(NO_FODSELSNUMMER, "99999999999", ALONE, is_no_fodselsnummer),
    ROW(NO_FODSELSNUMMER, "999999~99999", APART, is_no_fodselsnummer),
    ROW(NO_FODSELSNUMMER, "99 99 99 99999", APART, is_no_fodselsnummer),
    ROW(NO_FODSELSNUMMER, "99~99~99~999~99", APART, is_no_fodselsnummer),
    ROW(NO_FODSELSNUMMER, "99 99 99 99 999", APART, is_no_fodselsnummer),
    ROW(NO_FODSELSNUMMER, "99-99-99-99999", APART, is_no_fodselsnummer),
    ROW(NO_FODSELSNUMMER, "999999 999 99", APART, is_no_fodselsnummer),
    ROW(NO_FODSELSNUMMER, "999999999-99", ALONE, is_no_fodselsnummer),
    ROW(DK_CPR, "999999-9999", APART, is_dk_cpr_checked),
    ROW(DK_CPR, "999999-9999", CONTEXT, is_dk_cpr),
    ROW(DK_CPR, "9999999999", CONTEXT, is_dk_cpr),
    ROW(DK_CPR, "999999 9999", CONTEXT, is_dk_cpr),
    ROW(FI_HETU, "999999-999X", ALONE, is_fi_hetu_dash),
    ROW(FI_HETU, "999999A999X", ALONE, is_fi_hetu_letter),
    ROW(EE_IK, "99999999999", CONTEXT, is_ee_ik),
    ROW(LT_AK, "99999999999", CONTEXT, is_lt_ak),
    ROW(LV_PK, "999999-99999", ALONE, is_lv_pk),
    ROW(LV_PK, "99999999999", ALONE, is_lv_pk),
    ROW(LV_PK, "999999-99999", CONTEXT, is_lv_pk_of_2017),
    ROW(LV_PK, "99999999999", CONTEXT, is_lv_pk_of_2017),
};

const struct tx_id_family tx_ids_europe_north = {shapes, TX_COUNT_OF(shapes)};
