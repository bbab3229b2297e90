/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* Western and southern Europe. Where no page is named, the algorithm is the issuer's as
 * python-stdnum 1.18 has it, which tests/detect/test_oracle.py compares. */

static bool in(char c, const char *set) {
    return strchr(set, c) != NULL;
}

/* National Insurance Manual NIM39110. */
static bool is_uk_nino(const char *id) {
    static const char *const never[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
    for (size_t i = 0; i < TX_COUNT_OF(never); i++)
        if (strncmp(id, never[i], 2) == 0)
            return false;
    return !in(id[0], "DFIQUV") && !in(id[1], "DFIOQUV") && in(id[8], "ABCD");
}

/* NHS Data Dictionary, "NHS number". stdnum also takes ten equal digits, which all pass. */
static bool is_uk_nhs(const char *id) {
    static const int8_t weights[] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    return tx_weighted(id, weights, 10) % 11 == 0 && !tx_id_is_uniform(id, 10);
}

/* A second letter counts since 2013, older ones (W, T, X) do not. B is given out since 2024, which
 * stdnum does not know. */
static bool is_ie_pps(const char *id) {
    static const int8_t weights[] = {8, 7, 6, 5, 4, 3, 2};
    static const char letters[] = "WABCDEFGHIJKLMNOPQRSTUV";
    int sum = tx_weighted(id, weights, 7);
    if (id[8] && !in(id[8], "ABHWTX"))
        return false;
    if (id[8] && in(id[8], "ABH"))
        sum += 9 * (id[8] - 'A' + 1);
    return id[7] == letters[sum % 23];
}

/* Of the first ten digits one stands there twice or three times, and no other more than once. As in
 * stdnum, three may follow one another, which is not given out. */
static bool is_de_steuer_id(const char *id) {
    unsigned counts[10] = {0}, n_repeated = 0, repeated = 0;
    for (size_t i = 0; i < 10; i++)
        counts[tx_digit(id[i])]++;
    for (size_t d = 0; d < 10; d++)
        if (counts[d] > 1) {
            n_repeated++;
            repeated = counts[d];
        }
    return id[0] != '0' && n_repeated == 1 && repeated <= 3 && tx_mod_11_10(id, 11);
}

/* A letter as its two digits (A = 01); then the digits' products, each with its own digits added.
 */
static int cross_sum(const char *id, size_t n, size_t letter_at, const int8_t *weights) {
    int sum = 0;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        int v = id[i] - 'A' + 1;
        int digits[2] = {v / 10, v % 10};
        size_t n_digits = 2;
        if (i != letter_at) {
            digits[0] = (int)tx_digit(id[i]);
            n_digits = 1;
        }
        for (size_t d = 0; d < n_digits; d++) {
            int product = digits[d] * weights[k++];
            sum += product / 10 + product % 10;
        }
    }
    return sum;
}

/* VKVV sections 2 and 4: area, day of birth (50 more where its serial numbers are used up),
 * initial, serial number, check digit. Day and area are looked at roughly: who cannot prove the
 * day, and new areas, are settled by agreement. */
static bool is_de_rvnr(const char *id) {
    static const int8_t weights[] = {2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
    uint64_t area = tx_id_number(id, 2), day = tx_id_number(id + 2, 2),
             month = tx_id_number(id + 4, 2);
    day = day > 50 ? day - 50 : day;
    return area >= 2 && area <= 89 && day >= 1 && day <= 31 && month >= 1 && month <= 12 &&
           cross_sum(id, 11, 8, weights) % 10 == (int)tx_digit(id[11]);
}

/* SGB V section 290. */
static bool is_de_kvnr(const char *id) {
    static const int8_t weights[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    return cross_sum(id, 9, 0, weights) % 10 == (int)tx_digit(id[9]);
}

/* ICAO 9303 part 3, section 4.9; no vowels, so that no words come about. */
static bool is_de_personalausweis(const char *id) {
    static const int weights[] = {7, 3, 1};
    int sum = 0;
    for (size_t i = 0; i < 9; i++) {
        bool digit = id[i] >= '0' && id[i] <= '9';
        if (!digit && !in(id[i], "CFGHJKLMNPRTVWXYZ"))
            return false;
        sum += weights[i % 3] * (digit ? id[i] - '0' : id[i] - 'A' + 10);
    }
    return sum % 10 == (int)tx_digit(id[9]);
}

/* With the nationality behind it. */
static bool is_de_personalausweis_d(const char *id) {
    return id[10] == 'D' && is_de_personalausweis(id);
}

/* Until 2010 cards had digits only. Equal ones all pass. */
static bool is_de_personalausweis_digits(const char *id) {
    return !tx_id_is_uniform(id, 10) && is_de_personalausweis(id);
}
static bool is_de_personalausweis_digits_d(const char *id) {
    return id[10] == 'D' && is_de_personalausweis_digits(id);
}

/* As on the front of the card, without the check digit. */
static bool is_de_personalausweis_front(const char *id) {
    bool has_digit = false;
    for (size_t i = 0; i < 9; i++) {
        if (!in(id[i], "0123456789CFGHJKLMNPRTVWXYZ"))
            return false;
        has_digit |= id[i] <= '9';
    }
    return has_digit;
}

static bool is_at_svnr(const char *id) {
    static const int8_t weights[] = {3, 7, 9, 0, 5, 8, 4, 2, 1, 6};
    return id[0] != '0' && tx_weighted(id, weights, 10) % 11 == (int)tx_digit(id[3]);
}

/* The same where a day of birth stands by itself, at which stdnum does not look. The month is 13 or
 * more when the numbers of that day were used up. */
static bool is_at_svnr_with_day(const char *id) {
    uint64_t day = tx_id_number(id + 4, 2), month = tx_id_number(id + 6, 2);
    return day >= 1 && day <= 31 && month >= 1 && month <= 15 && is_at_svnr(id);
}

/* EAN-13 with Switzerland's 756 in front. */
static bool is_ch_ahv(const char *id) {
    static const int8_t weights[] = {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1};
    return strncmp(id, "756", 3) == 0 && tx_weighted(id, weights, 13) % 10 == 0;
}

/* Sex, year and month, department (2A and 2B count as 19 and 18), commune, order, key. */
static bool has_nir_key(const char *id) {
    char digits[16];
    memcpy(digits, id, 16);
    if (id[6] == 'A' || id[6] == 'B') {
        if (id[5] != '2')
            return false;
        digits[5] = '1';
        digits[6] = id[6] == 'A' ? '9' : '8';
    } else if (id[6] > '9') {
        return false;
    }
    return 97 - tx_id_number(digits, 13) % 97 == tx_id_number(digits + 13, 2);
}

/* The month is 20 or more where it is not known. stdnum looks at neither sex nor month, nor is
 * there need to where a word is near. */
static bool is_fr_nir(const char *id) {
    uint64_t month = tx_id_number(id + 3, 2);
    return in(id[0], "123478") && ((month >= 1 && month <= 12) || month >= 20) && has_nir_key(id);
}

static bool es_letter(uint64_t number, char letter) {
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == letter;
}
static bool is_es_dni(const char *id) {
    return es_letter(tx_id_number(id, 8), id[8]);
}
static bool is_es_nie(const char *id) {
    return in(id[0], "XYZ") &&
           es_letter((uint64_t)(id[0] - 'X') * 10000000 + tx_id_number(id + 1, 7), id[8]);
}
/* Zeros in front are left out. */
static bool is_es_dni_of_seven(const char *id) {
    return es_letter(tx_id_number(id, 7), id[7]);
}
/* Orden EHA/451/2008: Spaniards abroad, children, foreigners without a NIE. */
static bool is_es_klm(const char *id) {
    return in(id[0], "KLM") && es_letter(tx_id_number(id + 1, 7), id[8]);
}

/* As in stdnum, the kind of taxpayer (the first digits) is not looked at. */
static bool is_pt_nif(const char *id) {
    static const int8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2};
    return id[0] != '0' &&
           (11 - tx_weighted(id, weights, 8) % 11) % 11 % 10 == (int)tx_digit(id[8]);
}

/* Where digits stand, letters stand for them when two people would have the same code. */
static int omocodia(char c) {
    static const char letters[] = "LMNPQRSTUV";
    const char *at = c >= '0' && c <= '9' ? NULL : strchr(letters, c);
    return c >= '0' && c <= '9' ? c - '0' : at && c ? (int)(at - letters) : -1;
}

static bool is_it_codice_fiscale(const char *id) {
    static const uint8_t odd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                  20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    static const char months[] = "ABCDEHLMPRST";
    static const uint8_t digits[] = {6, 7, 9, 10, 12, 13, 14};
    unsigned sum = 0;
    for (size_t i = 0; i < TX_COUNT_OF(digits); i++)
        if (omocodia(id[digits[i]]) < 0)
            return false;
    for (size_t i = 0; i < 15; i++) {
        bool digit = id[i] >= '0' && id[i] <= '9';
        unsigned v = digit ? tx_digit(id[i]) : (unsigned)(id[i] - 'A');
        sum += i % 2 ? v : odd[v];
    }
    /* A woman's day is 40 more; as in stdnum, so is 80. */
    const char *month = strchr(months, id[8]);
    unsigned day = (unsigned)(omocodia(id[9]) * 10 + omocodia(id[10])) % 40;
    unsigned year = (unsigned)(omocodia(id[6]) * 10 + omocodia(id[7]));
    return month && (unsigned)(id[15] - 'A') == sum % 26 &&
           (tx_is_date(1900 + year, (unsigned)(month - months) + 1, day) ||
            tx_is_date(2000 + year, (unsigned)(month - months) + 1, day));
}

static bool is_short_date(const char *ddmmyy) {
    unsigned day = (unsigned)tx_id_number(ddmmyy, 2), month = (unsigned)tx_id_number(ddmmyy + 2, 2),
             year = (unsigned)tx_id_number(ddmmyy + 4, 2);
    return tx_is_date(1900 + year, month, day) || tx_is_date(2000 + year, month, day);
}

static bool is_gr_amka(const char *id) {
    return is_short_date(id) && tx_luhn(id, 11);
}

static bool is_pt_vat(const char *id) {
    return strncmp(id, "PT", 2) == 0 && is_pt_nif(id + 2);
}

/* stdnum also takes nine zeros. */
static bool is_gr_afm(const char *id) {
    static const int weights[] = {256, 128, 64, 32, 16, 8, 4, 2};
    int sum = 0;
    for (size_t i = 0; i < 8; i++)
        sum += weights[i] * (int)tx_digit(id[i]);
    return sum % 11 % 10 == (int)tx_digit(id[8]) && !tx_id_is_uniform(id, 9);
}

static bool is_gr_vat(const char *id) {
    return (strncmp(id, "EL", 2) == 0 || strncmp(id, "GR", 2) == 0) && is_gr_afm(id + 2);
}

static bool is_nl_bsn(const char *id) {
    static const int8_t weights[] = {9, 8, 7, 6, 5, 4, 3, 2, -1};
    return tx_weighted(id, weights, 9) % 11 == 0 && !tx_id_is_uniform(id, 9);
}

/* Older ones are often written without the zero in front. */
static bool is_nl_bsn_of_eight(const char *id) {
    static const int8_t weights[] = {8, 7, 6, 5, 4, 3, 2, -1};
    return id[0] != '0' && tx_weighted(id, weights, 8) % 11 == 0;
}

/* Who was born from 2000 on counts as if a 2 stood in front. The month is 0 where it is not known,
 * and 20 or 40 more for a number that is not of the register; the day may be any, as in stdnum,
 * where the days' numbers were used up. stdnum asks the clock which years are to come; here it is
 * 2030 and later. */
static bool is_be_nn(const char *id) {
    uint64_t number = tx_id_number(id, 9), key = tx_id_number(id + 9, 2);
    unsigned year = (unsigned)tx_id_number(id, 2), month = (unsigned)tx_id_number(id + 2, 2);
    return month <= 52 && month % 20 <= 12 &&
           (97 - number % 97 == key || (year < 30 && 97 - (number + 2000000000) % 97 == key));
}

#define ROW(id, shape, context, check)                                                             \
    { TX_DETECT_##id, shape, TX_ID_##context, check }
static const struct tx_id_shape shapes[] = {
    ROW(UK_NINO, "AA999999A", ALONE, is_uk_nino),
    ROW(UK_NINO, "AA~99~99~99~A", ALONE, is_uk_nino),
    ROW(UK_NINO, "AA 999999 A", ALONE, is_uk_nino),
    ROW(UK_NINO, "AA999999 A", ALONE, is_uk_nino),
    ROW(UK_NINO, "AA 999999A", CONTEXT, is_uk_nino),
    ROW(UK_NINO, "AA 99 99 99A", ALONE, is_uk_nino),
    ROW(UK_NHS, "999 999 9999", APART, is_uk_nhs),
    ROW(UK_NHS, "999-999-9999", APART, is_uk_nhs),
    ROW(UK_NHS, "9999999999", CONTEXT, is_uk_nhs),
    ROW(IE_PPS, "9999999A", CONTEXT, is_ie_pps),
    ROW(IE_PPS, "9999999AA", CONTEXT, is_ie_pps),
    ROW(IE_PPS, "9999999 A", CONTEXT, is_ie_pps),
    ROW(IE_PPS, "9999999 AA", CONTEXT, is_ie_pps),
    ROW(DE_STEUER_ID, "99999999999", ALONE, is_de_steuer_id),
    ROW(DE_STEUER_ID, "99 999 999 999", APART, is_de_steuer_id),
    ROW(DE_STEUER_ID, "99/999/999/999", APART, is_de_steuer_id),
    ROW(DE_STEUER_ID, "99-999-999-999", APART, is_de_steuer_id),
    ROW(DE_STEUER_ID, "9999999999 9", CONTEXT, is_de_steuer_id),
    ROW(DE_RVNR, "99999999A999", ALONE, is_de_rvnr),
    ROW(DE_RVNR, "99 999999 A 999", ALONE, is_de_rvnr),
    ROW(DE_RVNR, "99 999999 A 99 9", ALONE, is_de_rvnr),
    ROW(DE_RVNR, "99 999999 A999", ALONE, is_de_rvnr),
    ROW(DE_RVNR, "99-999999-A-999", ALONE, is_de_rvnr),
    ROW(DE_RVNR, "99 99 99 99 A 999", ALONE, is_de_rvnr),
    ROW(DE_RVNR, "99 99 99 99 A 99 9", ALONE, is_de_rvnr),
    ROW(DE_RVNR, "99 999999A999", ALONE, is_de_rvnr),
    ROW(DE_RVNR, "999 99999 A 999", ALONE, is_de_rvnr),
    ROW(DE_KVNR, "A999999999", CONTEXT, is_de_kvnr),
    ROW(DE_KVNR, "A 999 999 999", CONTEXT, is_de_kvnr),
    ROW(DE_KVNR, "A999 999 999", CONTEXT, is_de_kvnr),
    ROW(DE_KVNR, "A 999999999", CONTEXT, is_de_kvnr),
    ROW(DE_PERSONALAUSWEIS, "AXXXXXXXX9", CONTEXT, is_de_personalausweis),
    ROW(DE_PERSONALAUSWEIS, "AXXXXXXXX 9", CONTEXT, is_de_personalausweis),
    ROW(DE_PERSONALAUSWEIS, "AXXXXXXXX9A", CONTEXT, is_de_personalausweis_d),
    ROW(DE_PERSONALAUSWEIS, "9999999999", CONTEXT, is_de_personalausweis_digits),
    ROW(DE_PERSONALAUSWEIS, "9999999999A", CONTEXT, is_de_personalausweis_digits_d),
    ROW(DE_PERSONALAUSWEIS, "AXXXXXXXX", CONTEXT, is_de_personalausweis_front),
    ROW(AT_SVNR, "9999 999999", APART, is_at_svnr_with_day),
    ROW(AT_SVNR, "9999-999999", APART, is_at_svnr_with_day),
    ROW(AT_SVNR, "9999/999999", APART, is_at_svnr_with_day),
    ROW(AT_SVNR, "9999 99 99 99", APART, is_at_svnr_with_day),
    ROW(AT_SVNR, "9999999999", CONTEXT, is_at_svnr),
    ROW(CH_AHV, "9999999999999", ALONE, is_ch_ahv),
    ROW(CH_AHV, "999~9999~9999~99", APART, is_ch_ahv),
    ROW(FR_NIR, "999999X99999999", ALONE, is_fr_nir),
    ROW(FR_NIR, "9~99~99~9X~999~999~99", ALONE, is_fr_nir),
    ROW(FR_NIR, "9~99~99~9X999~999~99", ALONE, is_fr_nir),
    ROW(FR_NIR, "9 99 99 9X 999 999/99", ALONE, is_fr_nir),
    ROW(FR_NIR, "9 99 99 9X 999 999-99", ALONE, is_fr_nir),
    ROW(FR_NIR, "999999X999999 99", CONTEXT, has_nir_key),
    ROW(FR_NIR, "999999X99999999", CONTEXT, has_nir_key),
    ROW(FR_NIR, "9~99~99~9X~999~999~99", CONTEXT, has_nir_key),
    ROW(FR_NIR, "999999X999999/99", ALONE, is_fr_nir),
    ROW(ES_DNI_NIE, "99999999A", ALONE, is_es_dni),
    ROW(ES_DNI_NIE, "99999999-A", ALONE, is_es_dni),
    ROW(ES_DNI_NIE, "99.999.999-A", ALONE, is_es_dni),
    ROW(ES_DNI_NIE, "99.999.999A", ALONE, is_es_dni),
    ROW(ES_DNI_NIE, "99999999 A", CONTEXT, is_es_dni),
    ROW(ES_DNI_NIE, "99.999.999 A", CONTEXT, is_es_dni),
    ROW(ES_DNI_NIE, "9999999A", CONTEXT, is_es_dni_of_seven),
    ROW(ES_DNI_NIE, "9999999-A", CONTEXT, is_es_dni_of_seven),
    ROW(ES_DNI_NIE, "9.999.999-A", ALONE, is_es_dni_of_seven),
    ROW(ES_DNI_NIE, "A9999999A", CONTEXT, is_es_klm),
    ROW(ES_DNI_NIE, "A-9999999-A", CONTEXT, is_es_klm),
    ROW(ES_DNI_NIE, "A9999999-A", CONTEXT, is_es_klm),
    ROW(ES_DNI_NIE, "A9999999A", ALONE, is_es_nie),
    ROW(ES_DNI_NIE, "A9999999-A", ALONE, is_es_nie),
    ROW(ES_DNI_NIE, "A-9999999-A", ALONE, is_es_nie),
    ROW(ES_DNI_NIE, "A-9999999A", ALONE, is_es_nie),
    ROW(ES_DNI_NIE, "A-9.999.999-A", ALONE, is_es_nie),
    ROW(ES_DNI_NIE, "A 9999999 A", CONTEXT, is_es_nie),
    ROW(PT_NIF, "999999999", CONTEXT, is_pt_nif),
    ROW(PT_NIF, "999~999~999", CONTEXT, is_pt_nif),
    ROW(PT_NIF, "AA999999999", ALONE, is_pt_vat),
    ROW(PT_NIF, "AA 999999999", ALONE, is_pt_vat),
    ROW(PT_NIF, "AA 999 999 999", ALONE, is_pt_vat),
    ROW(IT_CODICE_FISCALE, "AAAAAAXXAXXAXXXA", ALONE, is_it_codice_fiscale),
    ROW(IT_CODICE_FISCALE, "AAA~AAA~XXAXX~AXXXA", ALONE, is_it_codice_fiscale),
    ROW(IT_CODICE_FISCALE, "AAAAAAXXAXX~AXXXA", ALONE, is_it_codice_fiscale),
    ROW(GR_AMKA, "99999999999", CONTEXT, is_gr_amka),
    ROW(GR_AMKA, "999999 99999", CONTEXT, is_gr_amka),
    ROW(GR_AMKA, "999999-99999", APART, is_gr_amka),
    ROW(GR_AFM, "999999999", CONTEXT, is_gr_afm),
    ROW(GR_AFM, "999~999~999", CONTEXT, is_gr_afm),
    ROW(GR_AFM, "AA999999999", ALONE, is_gr_vat),
    ROW(GR_AFM, "AA 999999999", ALONE, is_gr_vat),
    ROW(GR_AFM, "AA-999999999", ALONE, is_gr_vat),
    ROW(NL_BSN, "999999999", CONTEXT, is_nl_bsn),
    ROW(NL_BSN, "9999.99.999", ALONE, is_nl_bsn),
    ROW(NL_BSN, "9999 99 999", CONTEXT, is_nl_bsn),
    ROW(NL_BSN, "999 999 999", CONTEXT, is_nl_bsn),
    ROW(NL_BSN, "99999999", CONTEXT, is_nl_bsn_of_eight),
    ROW(BE_NN, "99.99.99-999.99", ALONE, is_be_nn),
    ROW(BE_NN, "99.99.99-999-99", ALONE, is_be_nn),
    ROW(BE_NN, "99.99.99 999.99", CONTEXT, is_be_nn),
    ROW(BE_NN, "99.99.99.999.99", ALONE, is_be_nn),
    ROW(BE_NN, "99.99.99 999 99", ALONE, is_be_nn),
    ROW(BE_NN, "99 99 99-999 99", ALONE, is_be_nn),
    ROW(BE_NN, "99 99 99 999 99", APART, is_be_nn),
    ROW(BE_NN, "999999-999-99", ALONE, is_be_nn),
    ROW(BE_NN, "999999-999.99", ALONE, is_be_nn),
    ROW(BE_NN, "999999 999 99", APART, is_be_nn),
    ROW(BE_NN, "99999999999", CONTEXT, is_be_nn),
};

const struct tx_id_family tx_ids_europe_west = {shapes, TX_COUNT_OF(shapes)};
