/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* What is of no one country, or no person's number but has a shape all the same. */

/* The American Bankers Association's weights 3, 7, 1. As in stdnum, the district (the first two
 * digits) is not looked at. */
static bool is_us_aba_rtn(const char *id) {
    static const int8_t weights[] = {3, 7, 1, 3, 7, 1, 3, 7, 1};
    return tx_weighted(id, weights, 9) % 10 == 0 && !tx_id_is_uniform(id, 9);
}

static bool is_imei(const char *id) {
    return tx_luhn(id, 15) && !tx_id_is_uniform(id, 15);
}

/* GSMA TS.06: who gave out the number. */
static bool has_reporting_body(const char *id) {
    static const uint8_t bodies[] = {1,  10, 30, 33, 35, 44, 45, 49, 50,
                                     51, 52, 53, 54, 86, 91, 98, 99};
    return memchr(bodies, (int)tx_id_number(id, 2), sizeof(bodies)) && !tx_id_is_uniform(id, 14);
}

/* 49 CFR 565.15: the ninth character is the check digit. */
static bool is_vin(const char *id) {
    static const int weights[] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    static const char letters[] = "ABCDEFGH*JKLMN*P*R**STUVWXYZ";
    static const uint8_t values[] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5,
                                     0, 7, 0, 9, 0, 0, 2, 3, 4, 5, 6, 7, 8, 9};
    int sum = 0;
    for (size_t i = 0; i < 17; i++) {
        bool digit = id[i] >= '0' && id[i] <= '9';
        const char *at = digit ? NULL : strchr(letters, id[i]);
        if (!digit && !at)
            return false;
        sum += weights[i] * (digit ? id[i] - '0' : values[at - letters]);
    }
    return id[8] == "0123456789X"[sum % 11] && !tx_id_is_uniform(id, 17);
}

static bool is_birth(uint64_t year, uint64_t month, uint64_t day) {
    return year >= 1900 && year < 2030 &&
           tx_is_date((unsigned)year, (unsigned)month, (unsigned)day);
}
static bool is_year_first(const char *id, size_t n_month) {
    size_t n_day = strlen(id) - 4 - n_month;
    return is_birth(tx_id_number(id, 4), tx_id_number(id + 4, n_month),
                    tx_id_number(id + 4 + n_month, n_day));
}
static bool is_year_first_9(const char *id) {
    return is_year_first(id, 1);
}
static bool is_year_first_99(const char *id) {
    return is_year_first(id, 2);
}

/* Day and month in either order: 1/12 and 11/2 are the same digits, so the shape says which. */
static bool is_year_last(const char *id, size_t n_first) {
    size_t n = strlen(id) - 4;
    uint64_t a = tx_id_number(id, n_first), b = tx_id_number(id + n_first, n - n_first);
    uint64_t year = tx_id_number(id + n, 4);
    return is_birth(year, b, a) || is_birth(year, a, b);
}
static bool is_9_year_last(const char *id) {
    return is_year_last(id, 1);
}
static bool is_99_year_last(const char *id) {
    return is_year_last(id, 2);
}

static bool is_mac(const char *id) {
    for (size_t i = 0; i < 12; i++)
        if (id[i] > 'F')
            return false;
    return !tx_id_is_uniform(id, 12);
}

#define ROW(id, shape, context, check)                                                             \
    { TX_DETECT_##id, shape, TX_ID_##context, check }
static const struct tx_id_shape shapes[] = {
    ROW(US_ABA_RTN, "999999999", CONTEXT, is_us_aba_rtn),
    ROW(US_ABA_RTN, "9999-9999-9", CONTEXT, is_us_aba_rtn),
    ROW(IMEI, "999999999999999", CONTEXT, is_imei),
    ROW(IMEI, "99-999999-999999-9", CONTEXT, is_imei),
    ROW(IMEI, "99 999999 999999 9", CONTEXT, is_imei),
    ROW(IMEI, "99999999-999999-9", CONTEXT, is_imei),
    ROW(IMEI, "999999-99-999999-9", CONTEXT, is_imei),
    /* Without the check digit, or with the version of the software in its place. */
    ROW(IMEI, "99-999999-999999-99", CONTEXT, has_reporting_body),
    ROW(IMEI, "99999999-999999-99", CONTEXT, has_reporting_body),
    ROW(IMEI, "99999999999999", CONTEXT, has_reporting_body),
    ROW(IMEI, "9999999999999999", CONTEXT, has_reporting_body),
    ROW(VIN, "XXXXXXXXXXXXXXXXX", CONTEXT, is_vin),
    ROW(DATE_OF_BIRTH, "9999-99-99", CONTEXT, is_year_first_99),
    ROW(DATE_OF_BIRTH, "9999-99-9", CONTEXT, is_year_first_99),
    ROW(DATE_OF_BIRTH, "9999-9-99", CONTEXT, is_year_first_9),
    ROW(DATE_OF_BIRTH, "9999-9-9", CONTEXT, is_year_first_9),
    ROW(DATE_OF_BIRTH, "9999/99/99", CONTEXT, is_year_first_99),
    ROW(DATE_OF_BIRTH, "9999/99/9", CONTEXT, is_year_first_99),
    ROW(DATE_OF_BIRTH, "9999/9/99", CONTEXT, is_year_first_9),
    ROW(DATE_OF_BIRTH, "9999/9/9", CONTEXT, is_year_first_9),
    ROW(DATE_OF_BIRTH, "9999.99.99", CONTEXT, is_year_first_99),
    ROW(DATE_OF_BIRTH, "9999.99.9", CONTEXT, is_year_first_99),
    ROW(DATE_OF_BIRTH, "9999.9.99", CONTEXT, is_year_first_9),
    ROW(DATE_OF_BIRTH, "9999.9.9", CONTEXT, is_year_first_9),
    ROW(DATE_OF_BIRTH, "99999999", CONTEXT, is_year_first_99),
    ROW(DATE_OF_BIRTH, "99-99-9999", CONTEXT, is_99_year_last),
    ROW(DATE_OF_BIRTH, "99-9-9999", CONTEXT, is_99_year_last),
    ROW(DATE_OF_BIRTH, "9-99-9999", CONTEXT, is_9_year_last),
    ROW(DATE_OF_BIRTH, "9-9-9999", CONTEXT, is_9_year_last),
    ROW(DATE_OF_BIRTH, "99/99/9999", CONTEXT, is_99_year_last),
    ROW(DATE_OF_BIRTH, "99/9/9999", CONTEXT, is_99_year_last),
    ROW(DATE_OF_BIRTH, "9/99/9999", CONTEXT, is_9_year_last),
    ROW(DATE_OF_BIRTH, "9/9/9999", CONTEXT, is_9_year_last),
    ROW(DATE_OF_BIRTH, "99.99.9999", CONTEXT, is_99_year_last),
    ROW(DATE_OF_BIRTH, "99.9.9999", CONTEXT, is_99_year_last),
    ROW(DATE_OF_BIRTH, "9.99.9999", CONTEXT, is_9_year_last),
    ROW(DATE_OF_BIRTH, "9.9.9999", CONTEXT, is_9_year_last),
    ROW(MAC, "XX-XX-XX-XX-XX-XX", ALONE, is_mac),
    ROW(MAC, "XXXX.XXXX.XXXX", APART, is_mac),
};

const struct tx_id_family tx_ids_common = {shapes, TX_COUNT_OF(shapes)};
