/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* More of Europe: numbers beside the one that everybody has, and countries without a large union's
 * rules. Where no page is named, the algorithm is the issuer's as python-stdnum 1.18 has it. */

#define YEAR_MAX 2029 /* as in ids-common.c */

static unsigned part(const char *id, size_t n) {
    return (unsigned)tx_id_number(id, n);
}

/* DVLA: five of the name (9 where it is shorter), decade, month (a woman's 50 more), day, year, two
 * initials, a character against doubles, two letters. */
static bool is_uk_driving_licence(const char *id) {
    unsigned month = part(id + 6, 2), day = part(id + 8, 2);
    bool padding = false;
    month = month > 50 ? month - 50 : month;
    for (size_t i = 0; i < 5; i++) {
        if ((id[i] <= '9' && id[i] != '9') || (id[i] != '9' && padding))
            return false;
        padding = id[i] == '9';
    }
    bool initials = (id[11] == '9' || id[11] >= 'A') && (id[12] == '9' || id[12] >= 'A');
    return id[0] != '9' && initials && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* The check digit stands in front. */
static bool is_uk_utr(const char *id) {
    static const int8_t weights[] = {6, 7, 8, 9, 10, 5, 4, 3, 2};
    return id[0] == "21987654321"[tx_weighted(id + 1, weights, 9) % 11] &&
           !tx_id_is_uniform(id, 10);
}

/* Day of birth and three digits, with Luhn's and with Verhoeff's digit (Règlement grand-ducal du 21
 * novembre 2013). */
static bool is_lu_nin(const char *id) {
    char verhoeff[13];
    memcpy(verhoeff, id, 11);
    verhoeff[11] = id[12];
    verhoeff[12] = '\0';
    unsigned year = part(id, 4);
    return year >= 1910 && year <= YEAR_MAX && tx_is_date(year, part(id + 4, 2), part(id + 6, 2)) &&
           tx_luhn(id, 12) && tx_verhoeff(verhoeff, 12);
}

/* Province, number, what is left of both by 97; a number under ten million has one digit less in
 * that (Tesorería General de la Seguridad Social). */
static bool is_nuss(const char *id, size_t n_number) {
    uint64_t province = tx_id_number(id, 2), number = tx_id_number(id + 2, n_number);
    uint64_t whole = province * (number < 10000000 ? 10000000 : 100000000) + number;
    return ((province >= 1 && province <= 53) || province == 66) && number > 0 &&
           whole % 97 == tx_id_number(id + 2 + n_number, 2);
}
static bool is_es_nuss(const char *id) {
    return is_nuss(id, 8);
}
static bool is_es_nuss_short(const char *id) {
    return is_nuss(id, 7);
}

static bool is_fr_spi(const char *id) {
    return id[0] <= '3' && tx_id_number(id, 10) > 0 &&
           tx_id_number(id, 10) % 511 == tx_id_number(id + 10, 3);
}

/* From the right, every second character counts double. */
static bool is_pt_cc(const char *id) {
    unsigned sum = 0;
    for (size_t i = 0; i < 12; i++) {
        unsigned v = id[i] <= '9' ? tx_digit(id[i]) : (unsigned)(id[i] - 'A') + 10;
        if ((12 - i) % 2 == 0)
            v = 2 * v > 9 ? 2 * v - 9 : 2 * v;
        sum += v;
    }
    return sum % 10 == 0;
}

/* ddmmyy (40 more for who is no person), two digits, the check, the century. */
static bool is_is_kennitala(const char *id) {
    static const int8_t weights[] = {3, 2, 7, 6, 5, 4, 3, 2, 1};
    unsigned day = part(id, 2), century = id[9] == '0' ? 2000 : 1900;
    return (id[9] == '0' || id[9] == '9') &&
           tx_is_date(century + part(id + 4, 2), part(id + 2, 2), day > 40 ? day - 40 : day) &&
           tx_weighted(id, weights, 9) % 11 == 0;
}

static bool is_hr_oib(const char *id) {
    return tx_mod_11_10(id, 11) && !tx_id_is_uniform(id, 11);
}

/* ddmm, three digits of the year, region, serial number, check digit. */
static bool is_jmbg(const char *id) {
    static const int8_t weights[] = {7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    unsigned year = part(id + 4, 3) + (id[4] == '9' || id[4] == '8' ? 1000u : 2000u);
    return tx_is_date(year, part(id + 2, 2), part(id, 2)) &&
           (11 - tx_weighted(id, weights, 12) % 11) % 11 % 10 == (int)tx_digit(id[12]);
}

static bool is_pl_nip(const char *id) {
    static const int8_t weights[] = {6, 5, 7, 2, 3, 4, 5, 6, 7};
    return tx_weighted(id, weights, 9) % 11 == (int)tx_digit(id[9]) && !tx_id_is_uniform(id, 10);
}
static bool is_pl_vat(const char *id) {
    return strncmp(id, "PL", 2) == 0 && is_pl_nip(id + 2);
}

/* An 8, days since 1867, a serial number, the check (1996. évi XX. törvény, annex 1). */
static bool is_hu_tax_id(const char *id) {
    static const int8_t weights[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    return id[0] == '8' && tx_weighted(id, weights, 9) % 11 == (int)tx_digit(id[9]);
}

static bool is_bg_lnch(const char *id) {
    static const int8_t weights[] = {21, 19, 17, 13, 11, 9, 7, 3, 1};
    return tx_weighted(id, weights, 9) % 10 == (int)tx_digit(id[9]) && !tx_id_is_uniform(id, 10);
}

/* A person's begins with 0 or 2, a company's with 1 (Legea 273/1994), at which stdnum does not
 * look.
 */
static bool is_md_idnp(const char *id) {
    static const int8_t weights[] = {7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1};
    return tx_weighted(id, weights, 12) % 10 == (int)tx_digit(id[12]) && !tx_id_is_uniform(id, 13);
}

static bool is_ua_rnokpp(const char *id) {
    static const int8_t weights[] = {-1, 5, 7, 9, 4, 6, 10, 5, 7};
    return (tx_weighted(id, weights, 9) + 11) % 11 % 10 == (int)tx_digit(id[9]) &&
           !tx_id_is_uniform(id, 10);
}

/* Twelve digits of a person, ten of a company. */
static const int8_t inn_weights[] = {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8};
static bool is_ru_inn(const char *id) {
    return tx_weighted(id, inn_weights + 1, 10) % 11 % 10 == (int)tx_digit(id[10]) &&
           tx_weighted(id, inn_weights, 11) % 11 % 10 == (int)tx_digit(id[11]) &&
           !tx_id_is_uniform(id, 12);
}
static bool is_ru_inn_10(const char *id) {
    return tx_weighted(id, inn_weights + 2, 9) % 11 % 10 == (int)tx_digit(id[9]) &&
           !tx_id_is_uniform(id, 10);
}

/* Приказ ПФР 2016: since number 001-001-998. */
static bool is_ru_snils(const char *id) {
    static const int8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    return tx_id_number(id, 9) > 1001998 &&
           tx_weighted(id, weights, 9) % 101 % 100 == (int)tx_id_number(id + 9, 2);
}

#define ROW(id, shape, context, check)                                                             \
    { TX_DETECT_##id, shape, TX_ID_##context, check }
static const struct tx_id_shape shapes[] = {
    ROW(UK_DRIVING_LICENCE, "XXXXX999999XXXAA", ALONE, is_uk_driving_licence),
    ROW(UK_DRIVING_LICENCE, "XXXXX 999999 XXXAA", ALONE, is_uk_driving_licence),
    ROW(UK_UTR, "9999999999", CONTEXT, is_uk_utr),
    ROW(UK_UTR, "99999 99999", CONTEXT, is_uk_utr),
    ROW(UK_UTR, "999 999 9999", CONTEXT, is_uk_utr),
    ROW(LU_NIN, "9999999999999", ALONE, is_lu_nin),
    ROW(LU_NIN, "99999999 99999", ALONE, is_lu_nin),
    ROW(LU_NIN, "9999 99 99 999 99", APART, is_lu_nin),
    ROW(ES_NUSS, "999999999999", CONTEXT, is_es_nuss),
    ROW(ES_NUSS, "99/99999999/99", ALONE, is_es_nuss),
    ROW(ES_NUSS, "99/9999999/99", ALONE, is_es_nuss_short),
    ROW(ES_NUSS, "99~99999999~99", CONTEXT, is_es_nuss),
    ROW(ES_NUSS, "99~9999999~99", CONTEXT, is_es_nuss_short),
    ROW(ES_NUSS, "99 9999999 999", CONTEXT, is_es_nuss),
    ROW(FR_SPI, "99 99 999 999 999", APART, is_fr_spi),
    ROW(FR_SPI, "9999999999999", CONTEXT, is_fr_spi),
    ROW(PT_CC, "99999999 9 XX9", ALONE, is_pt_cc),
    ROW(PT_CC, "99999999 9 AA 9", ALONE, is_pt_cc),
    ROW(PT_CC, "99999999-9 AA9", ALONE, is_pt_cc),
    ROW(PT_CC, "999999999XX9", CONTEXT, is_pt_cc),
    ROW(IS_KENNITALA, "999999-9999", APART, is_is_kennitala),
    ROW(IS_KENNITALA, "999999 9999", CONTEXT, is_is_kennitala),
    ROW(IS_KENNITALA, "9999999999", CONTEXT, is_is_kennitala),
    ROW(HR_OIB, "99999999999", CONTEXT, is_hr_oib),
    ROW(JMBG, "9999999999999", CONTEXT, is_jmbg),
    ROW(JMBG, "9999999 99 999 9", APART, is_jmbg),
    ROW(JMBG, "9999999 999999", APART, is_jmbg),
    ROW(JMBG, "99~99~999~99~999~9", APART, is_jmbg),
    ROW(PL_NIP, "9999999999", CONTEXT, is_pl_nip),
    ROW(PL_NIP, "999-999-99-99", APART, is_pl_nip),
    ROW(PL_NIP, "999-99-99-999", APART, is_pl_nip),
    ROW(PL_NIP, "999 999 99 99", CONTEXT, is_pl_nip),
    ROW(PL_NIP, "999 99 99 999", CONTEXT, is_pl_nip),
    ROW(PL_NIP, "AA9999999999", ALONE, is_pl_vat),
    ROW(PL_NIP, "AA 9999999999", ALONE, is_pl_vat),
    ROW(HU_TAX_ID, "9999999999", CONTEXT, is_hu_tax_id),
    ROW(HU_TAX_ID, "999~999~999~9", CONTEXT, is_hu_tax_id),
    ROW(HU_TAX_ID, "9 999 999 999", CONTEXT, is_hu_tax_id),
    ROW(BG_LNCH, "9999999999", CONTEXT, is_bg_lnch),
    ROW(BG_LNCH, "9999 999 999", CONTEXT, is_bg_lnch),
    ROW(MD_IDNP, "9999999999999", CONTEXT, is_md_idnp),
    ROW(UA_RNOKPP, "9999999999", CONTEXT, is_ua_rnokpp),
    ROW(UA_RNOKPP, "99 99 99 99 99", CONTEXT, is_ua_rnokpp),
    ROW(RU_INN, "999999999999", CONTEXT, is_ru_inn),
    ROW(RU_INN, "9999999999", CONTEXT, is_ru_inn_10),
    ROW(RU_SNILS, "999-999-999 99", ALONE, is_ru_snils),
    ROW(RU_SNILS, "999-999-999-99", APART, is_ru_snils),
    ROW(RU_SNILS, "999 999 999 99", CONTEXT, is_ru_snils),
    ROW(RU_SNILS, "99999999999", CONTEXT, is_ru_snils),
};

const struct tx_id_family tx_ids_europe_more = {shapes, TX_COUNT_OF(shapes)};
