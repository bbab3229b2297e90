/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/checksum.h"
#include "libtx/detect/id.h"

/* Numbers of people (and, where they look the same, of companies) of America. */

static unsigned part(const char *id, size_t n) {
    return (unsigned)tx_id_number(id, n);
}

/* `list` is of words of n characters with a space after each. */
static bool is_listed(const char *list, const char *word, size_t n) {
    for (; *list; list += n + 1)
        if (memcmp(list, word, n) == 0)
            return true;
    return false;
}

/* SSA, POMS RM 10201.035: what was never given out, and three numbers from advertisements. */
bool tx_id_is_ssn(const char *id) {
    return id[0] != '9' && !is_listed("000 666 ", id, 3) && !is_listed("00 ", id + 3, 2) &&
           !is_listed("0000 ", id + 5, 4) && !is_listed("078051120 219099999 457555462 ", id, 9);
}

/* IRS, IRM 3.21.263. stdnum 1.18 has no groups 50 to 65, which were added. */
static bool is_itin(const char *id) {
    unsigned group = part(id + 3, 2);
    return id[0] == '9' && group >= 50 && (group <= 65 || group >= 70) && group != 89 &&
           group != 93;
}

/* CMS, 45 CFR 162.406: the Luhn digit of the number with its card issuer prefix. */
static bool is_npi(const char *id) {
    char prefixed[16] = "80840";
    memcpy(prefixed + 5, id, 10);
    return (id[0] == '1' || id[0] == '2') && tx_luhn(prefixed, 15) && !tx_id_is_uniform(id, 9);
}

/* DEA Diversion Control Division: kind of registrant, initial of the name (9: none), digits. */
static bool is_dea(const char *id) {
    static const int8_t weights[6] = {1, 2, 1, 2, 1, 2};
    return strchr("ABCDEFGHJKLMNPRSTUX", id[0]) && (id[1] == '9' || id[1] >= 'A') &&
           tx_weighted(id + 2, weights, 6) % 10 == (int)tx_digit(id[8]);
}

/* CMS, "Understanding the MBI format": no check digit, but a shape, and letters that do not occur.
 */
static bool is_mbi(const char *id) {
    return id[0] != '0' && !strpbrk(id, "SLOIBZ");
}

/* Service Canada. 0 is not given to people and 8 begins business numbers; stdnum takes both. */
static bool is_sin(const char *id) {
    return id[0] != '0' && id[0] != '8' && tx_luhn(id, 9);
}

/* Receita Federal, modulo 11 of what is before the digit, as its last digit by 10. */
static bool brazilian_digit(const char *id, const int8_t *weights, size_t n) {
    return tx_weighted(id, weights, n) * 10 % 11 % 10 == (int)tx_digit(id[n]);
}

/* stdnum takes 111.111.111-11 and its like; the Receita does not. */
static bool is_cpf(const char *id) {
    static const int8_t weights[10] = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
    return !tx_id_is_uniform(id, 11) && brazilian_digit(id, weights + 1, 9) &&
           brazilian_digit(id, weights, 10);
}

/* With letters since IN RFB 2.229/2024 (stdnum 1.18: digits only). A letter counts as its ASCII
 * code less that of 0, which is what tx_digit makes of it. */
static bool is_cnpj(const char *id) {
    static const int8_t weights[13] = {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2};
    return !tx_id_is_uniform(id, 14) && brazilian_digit(id, weights + 1, 12) &&
           brazilian_digit(id, weights, 13);
}

/* Beginnings that the registries replace because of what they mean. */
#define RFC_REPLACED                                                                               \
    "BUEI BUEY CACA CACO CAGA CAGO CAKA CAKO COGE COJA COJE COJI COJO CULO FETO GUEY JOTO KACA "   \
    "KACO KAGA KAGO KAKA KOGE KOJO KULO MAME MAMO MEAR MEAS MEON MION MOCO MULA PEDA PEDO PENE "   \
    "PUTA PUTO QULO RATA RUIN "
#define CURP_REPLACED                                                                              \
    RFC_REPLACED                                                                                   \
    "BACA BAKA COGI COLA FALO GETA GUEI JETA KAKO KOGI KOJA KOJE KOJI KOLA LILO LOCA LOCO "        \
    "LOKA LOKO MIAR MOKO MULO NACA NACO PIPI PITO POPO ROBA ROBE ROBO SENO TETA VACA VAGA "        \
    "VAGO VAKA VUEI VUEY WUEI WUEY "

/* The place in 0-9, A-N, Ñ, O-Z. */
static unsigned mexican_value(char c) {
    return c <= '9' ? tx_digit(c) : (unsigned)(c - 'A') + 10 + (c > 'N');
}

static unsigned mexican_sum(const char *id, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += mexican_value(id[i]) * (unsigned)(n - i);
    return sum;
}

/* RENAPO, Instructivo normativo para la asignación de la CURP (DOF 18/10/2021). The 17th is a digit
 * of those born before 2000. Sex X is newer than stdnum 1.18. */
static bool is_curp(const char *id) {
    unsigned year = (id[16] <= '9' ? 1900 : 2000) + part(id + 4, 2);
    return tx_is_date(year, part(id + 6, 2), part(id + 8, 2)) && strchr("HMX", id[10]) &&
           is_listed("AS BC BS CC CH CL CM CS DF DG GR GT HG JC MC MN MS NE NL NT OC PL QR QT SL "
                     "SP SR TC TL TS VZ YN ZS ",
                     id + 11, 2) &&
           !is_listed(CURP_REPLACED, id, 4) && mexican_sum(id, 18) % 10 == 0;
}

/* SAT; the date's century is not told, and 2000 has every day that 1900 has. */
static bool is_rfc_date(const char *id) {
    return tx_is_date(2000 + part(id, 2), part(id + 2, 2), part(id + 4, 2));
}

/* As in stdnum, without the check digit: of some 1.5 % in use it is wrong. */
static bool is_rfc_person(const char *id) {
    return is_rfc_date(id + 4) && !is_listed(RFC_REPLACED, id, 4);
}

static bool is_rfc_company(const char *id) {
    return is_rfc_date(id + 3);
}

/* Good enough without context. A name, a date and a counter ("TEST241231001") looks much the same,
 * hence a letter is asked for, which few people lack. */
static bool is_rfc_person_checked(const char *id) {
    bool has_letter = id[10] > '9' || id[11] > '9';
    return has_letter && id[10] != '0' && id[10] <= 'V' && id[11] != '0' && id[12] <= 'A' &&
           is_rfc_person(id) && mexican_sum(id, 13) % 11 == 0;
}

/* AFIP, RG 10/1997. stdnum 1.18 has no 25 and 26, which people have too. */
static bool is_cuit(const char *id) {
    static const int8_t weights[10] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
    return is_listed("20 23 24 25 26 27 30 33 34 50 51 55 ", id, 2) &&
           id[10] == "09987654321"[tx_weighted(id, weights, 10) % 11];
}

/* Registro Civil, modulo 11 with weights 2 to 7 from the right. Of no digits but 0 stdnum takes it.
 */
static bool is_rut(const char *id) {
    size_t n = strlen(id) - 1;
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += tx_digit(id[n - 1 - i]) * (unsigned)(9 - i % 6); /* 9 is -2 and so on */
    return id[n] == "0123456789K"[sum % 11] && sum > 0;
}

static const struct tx_id_shape shapes[] = {
    {TX_DETECT_US_SSN, "999-99-9999", TX_ID_APART, tx_id_is_ssn},
    {TX_DETECT_US_SSN, "999 99 9999", TX_ID_APART, tx_id_is_ssn},
    {TX_DETECT_US_SSN, "999.99.9999", TX_ID_CONTEXT, tx_id_is_ssn},
    {TX_DETECT_US_SSN, "999/99/9999", TX_ID_CONTEXT, tx_id_is_ssn},
    {TX_DETECT_US_SSN, "999-999999", TX_ID_CONTEXT, tx_id_is_ssn},
    {TX_DETECT_US_SSN, "99999-9999", TX_ID_CONTEXT, tx_id_is_ssn},
    {TX_DETECT_US_SSN, "999999999", TX_ID_CONTEXT, tx_id_is_ssn},

    {TX_DETECT_US_ITIN, "999-99-9999", TX_ID_APART, is_itin},
    {TX_DETECT_US_ITIN, "999 99 9999", TX_ID_APART, is_itin},
    {TX_DETECT_US_ITIN, "999.99.9999", TX_ID_CONTEXT, is_itin},
    {TX_DETECT_US_ITIN, "999/99/9999", TX_ID_CONTEXT, is_itin},
    {TX_DETECT_US_ITIN, "999-999999", TX_ID_CONTEXT, is_itin},
    {TX_DETECT_US_ITIN, "99999-9999", TX_ID_CONTEXT, is_itin},
    {TX_DETECT_US_ITIN, "999999999", TX_ID_CONTEXT, is_itin},

    {TX_DETECT_US_NPI, "9999999999", TX_ID_CONTEXT, is_npi},
    {TX_DETECT_US_NPI, "9999~999~999", TX_ID_CONTEXT, is_npi},
    {TX_DETECT_US_NPI, "999-999-9999", TX_ID_CONTEXT, is_npi},

    {TX_DETECT_US_DEA, "AX9999999", TX_ID_CONTEXT, is_dea},
    {TX_DETECT_US_DEA, "AX 9999999", TX_ID_CONTEXT, is_dea},
    {TX_DETECT_US_DEA, "AX-9999999", TX_ID_CONTEXT, is_dea},

    {TX_DETECT_US_MBI, "9AX9AX9AA99", TX_ID_ALONE, is_mbi},
    {TX_DETECT_US_MBI, "9AX9-AX9-AA99", TX_ID_ALONE, is_mbi},
    {TX_DETECT_US_MBI, "9AX9 AX9 AA99", TX_ID_ALONE, is_mbi},

    {TX_DETECT_CA_SIN, "999-999-999", TX_ID_APART, is_sin},
    {TX_DETECT_CA_SIN, "999 999 999", TX_ID_APART, is_sin},
    {TX_DETECT_CA_SIN, "999999999", TX_ID_CONTEXT, is_sin},

    {TX_DETECT_BR_CPF, "999.999.999-99", TX_ID_ALONE, is_cpf},
    {TX_DETECT_BR_CPF, "999.999.999/99", TX_ID_ALONE, is_cpf},
    {TX_DETECT_BR_CPF, "999999999-99", TX_ID_ALONE, is_cpf},
    {TX_DETECT_BR_CPF, "999999999/99", TX_ID_CONTEXT, is_cpf},
    {TX_DETECT_BR_CPF, "999~999~999~99", TX_ID_CONTEXT, is_cpf},
    {TX_DETECT_BR_CPF, "99999999999", TX_ID_CONTEXT, is_cpf},

    {TX_DETECT_BR_CNPJ, "XX.XXX.XXX/XXXX-99", TX_ID_ALONE, is_cnpj},
    {TX_DETECT_BR_CNPJ, "XXXXXXXX/XXXX-99", TX_ID_ALONE, is_cnpj},
    {TX_DETECT_BR_CNPJ, "XX~XXX~XXX~XXXX~99", TX_ID_CONTEXT, is_cnpj},
    {TX_DETECT_BR_CNPJ, "XXXXXXXXXXXX99", TX_ID_CONTEXT, is_cnpj},

    {TX_DETECT_MX_CURP, "AAAA999999AAAAAAX9", TX_ID_ALONE, is_curp},
    {TX_DETECT_MX_CURP, "AAAA 999999 AAAAAAX9", TX_ID_ALONE, is_curp},
    {TX_DETECT_MX_CURP, "AAAA-999999-AAAAAAX9", TX_ID_ALONE, is_curp},

    /* Names with & or Ñ have no shape here. */
    {TX_DETECT_MX_RFC, "AAAA999999XXX", TX_ID_ALONE, is_rfc_person_checked},
    {TX_DETECT_MX_RFC, "AAAA 999999 XXX", TX_ID_ALONE, is_rfc_person_checked},
    {TX_DETECT_MX_RFC, "AAAA-999999-XXX", TX_ID_ALONE, is_rfc_person_checked},
    {TX_DETECT_MX_RFC, "AAAA999999XXX", TX_ID_CONTEXT, is_rfc_person},
    {TX_DETECT_MX_RFC, "AAAA 999999 XXX", TX_ID_CONTEXT, is_rfc_person},
    {TX_DETECT_MX_RFC, "AAAA-999999-XXX", TX_ID_CONTEXT, is_rfc_person},
    {TX_DETECT_MX_RFC, "AAAA999999", TX_ID_CONTEXT, is_rfc_person},
    {TX_DETECT_MX_RFC, "AAAA-999999", TX_ID_CONTEXT, is_rfc_person},
    {TX_DETECT_MX_RFC, "AAA999999XXX", TX_ID_CONTEXT, is_rfc_company},
    {TX_DETECT_MX_RFC, "AAA 999999 XXX", TX_ID_CONTEXT, is_rfc_company},
    {TX_DETECT_MX_RFC, "AAA-999999-XXX", TX_ID_CONTEXT, is_rfc_company},

    {TX_DETECT_AR_CUIT, "99-99999999-9", TX_ID_APART, is_cuit},
    {TX_DETECT_AR_CUIT, "99-99.999.999-9", TX_ID_ALONE, is_cuit},
    {TX_DETECT_AR_CUIT, "99.99999999.9", TX_ID_CONTEXT, is_cuit},
    {TX_DETECT_AR_CUIT, "99 99999999 9", TX_ID_CONTEXT, is_cuit},
    {TX_DETECT_AR_CUIT, "99/99999999/9", TX_ID_CONTEXT, is_cuit},
    {TX_DETECT_AR_CUIT, "99999999999", TX_ID_CONTEXT, is_cuit},

    /* "20240115-1" is a date and a counter, or a version. */
    {TX_DETECT_CL_RUT, "99.999.999-X", TX_ID_ALONE, is_rut},
    {TX_DETECT_CL_RUT, "9.999.999-X", TX_ID_ALONE, is_rut},
    {TX_DETECT_CL_RUT, "99999999-A", TX_ID_ALONE, is_rut},
    {TX_DETECT_CL_RUT, "9999999-A", TX_ID_ALONE, is_rut},
    {TX_DETECT_CL_RUT, "99999999-9", TX_ID_CONTEXT, is_rut},
    {TX_DETECT_CL_RUT, "9999999-9", TX_ID_CONTEXT, is_rut},
    {TX_DETECT_CL_RUT, "99999999X", TX_ID_CONTEXT, is_rut},
    {TX_DETECT_CL_RUT, "9999999X", TX_ID_CONTEXT, is_rut},
};

const struct tx_id_family tx_ids_america = {shapes, TX_COUNT_OF(shapes)};
