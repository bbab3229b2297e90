/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* More of Latin America, as python-stdnum 1.18 has it where no page is named. */

static unsigned part(const char *id, size_t n) {
    return (unsigned)tx_id_number(id, n);
}

/* Province (30 and 50: abroad), at most 6, Luhn's digit. */
static bool is_ec_ci(const char *id) {
    unsigned province = part(id, 2);
    return ((province >= 1 && province <= 24) || province == 30 || province == 50) &&
           id[2] <= '6' && tx_luhn(id, 10);
}

/* Eight digits and the check as a digit or as a letter (RENIEC). */
static bool is_pe_dni(const char *id) {
    static const int8_t weights[] = {3, 2, 7, 6, 5, 4, 3, 2};
    int rest = tx_weighted(id, weights, 8) % 11;
    return (id[8] == "65432110987"[rest] || id[8] == "KJIHGFEDCBA"[rest]) &&
           !tx_id_is_uniform(id, 8);
}

/* Weights are primes, from the right. */
static bool is_co_nit(const char *id) {
    static const uint8_t weights[] = {3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71};
    size_t n = strlen(id) - 1;
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i] * tx_digit(id[n - 1 - i]);
    return id[n] == "01987654321"[sum % 11] && sum > 0;
}

static bool is_do_cedula(const char *id) {
    return tx_luhn(id, 11) && !tx_id_is_uniform(id, 11);
}

/* Province, volume, entry: no check digit. */
static bool is_cr_cedula(const char *id) {
    return id[0] != '0' && !tx_id_is_uniform(id, strlen(id));
}
static bool is_cr_cedula_of_ten(const char *id) {
    return id[0] == '0' && is_cr_cedula(id + 1);
}

/* Weights 2, 3 and so on from the right. */
static bool is_gt_nit(const char *id) {
    size_t n = strlen(id) - 1;
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (unsigned)(i + 2) * tx_digit(id[n - 1 - i]);
    return id[n] == "0123456789K"[(11 - sum % 11) % 11] && sum > 0;
}

/* Municipality, ddmmyy, three digits, of which those over 100 are newer and counted otherwise. */
static bool is_sv_nit(const char *id) {
    static const int8_t old[] = {14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
    static const int8_t later[] = {2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    int check = part(id + 10, 3) <= 100 ? tx_weighted(id, old, 13) % 11 % 10
                                        : (11 - tx_weighted(id, later, 13) % 11) % 11 % 10;
    return strchr("019", id[0]) && check == (int)tx_digit(id[13]);
}
static bool is_sv_nit_with_day(const char *id) {
    return part(id + 4, 2) <= 31 && part(id + 6, 2) <= 12 && is_sv_nit(id);
}

/* V and E are people. */
static bool is_ve_rif(const char *id) {
    static const int8_t weights[] = {3, 2, 7, 6, 5, 4, 3, 2};
    static const char kinds[] = "VEJPG";
    const char *kind = strchr(kinds, id[0]);
    return kind &&
           id[9] == "00987654321"[(4 * (kind - kinds + 1) + tx_weighted(id + 1, weights, 8)) % 11];
}

#define ROW(id, shape, context, check)                                                             \
    { TX_DETECT_##id, shape, TX_ID_##context, check }
static const struct tx_id_shape shapes[] = {
    ROW(EC_CI, "9999999999", CONTEXT, is_ec_ci),
    ROW(EC_CI, "999999999-9", CONTEXT, is_ec_ci),
    ROW(PE_DNI, "99999999X", CONTEXT, is_pe_dni),
    ROW(PE_DNI, "99999999-X", CONTEXT, is_pe_dni),
    ROW(CO_NIT, "999.999.999-9", ALONE, is_co_nit),
    ROW(CO_NIT, "9.999.999.999-9", ALONE, is_co_nit),
    ROW(CO_NIT, "99.999.999-9", CONTEXT, is_co_nit),
    ROW(CO_NIT, "9.999.999-9", CONTEXT, is_co_nit),
    ROW(CO_NIT, "9999999999-9", CONTEXT, is_co_nit),
    ROW(CO_NIT, "999999999-9", CONTEXT, is_co_nit),
    ROW(CO_NIT, "99999999-9", CONTEXT, is_co_nit),
    ROW(CO_NIT, "99999999999", CONTEXT, is_co_nit),
    ROW(CO_NIT, "9999999999", CONTEXT, is_co_nit),
    ROW(CO_NIT, "999999999", CONTEXT, is_co_nit),
    ROW(DO_CEDULA, "999-9999999-9", APART, is_do_cedula),
    ROW(DO_CEDULA, "99999999999", CONTEXT, is_do_cedula),
    ROW(CR_CEDULA, "9-9999-9999", CONTEXT, is_cr_cedula),
    ROW(CR_CEDULA, "99-9999-9999", CONTEXT, is_cr_cedula_of_ten),
    ROW(CR_CEDULA, "999999999", CONTEXT, is_cr_cedula),
    ROW(CR_CEDULA, "9999999999", CONTEXT, is_cr_cedula_of_ten),
    ROW(GT_NIT, "9999999-X", CONTEXT, is_gt_nit),
    ROW(GT_NIT, "999999-X", CONTEXT, is_gt_nit),
    ROW(GT_NIT, "99999999-X", CONTEXT, is_gt_nit),
    ROW(GT_NIT, "99999-X", CONTEXT, is_gt_nit),
    ROW(GT_NIT, "9999999X", CONTEXT, is_gt_nit),
    ROW(GT_NIT, "999999X", CONTEXT, is_gt_nit),
    ROW(GT_NIT, "9999-X", CONTEXT, is_gt_nit),
    ROW(GT_NIT, "99999999X", CONTEXT, is_gt_nit),
    ROW(SV_NIT, "9999-999999-999-9", APART, is_sv_nit_with_day),
    ROW(SV_NIT, "99999999999999", CONTEXT, is_sv_nit),
    ROW(VE_RIF, "A-99999999-9", ALONE, is_ve_rif),
    ROW(VE_RIF, "A99999999-9", ALONE, is_ve_rif),
    ROW(VE_RIF, "A-999999999", CONTEXT, is_ve_rif),
    ROW(VE_RIF, "A999999999", CONTEXT, is_ve_rif),
};

const struct tx_id_family tx_ids_america_more = {shapes, TX_COUNT_OF(shapes)};
