/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_CHECKSUM_H
#define TX_DETECT_CHECKSUM_H

/*
 * Arithmetic that checks of identifiers share. All take digits (and letters where said) of an id as
 * id.h gives it, from `id` on, n of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline unsigned tx_digit(char c) {
    return (unsigned)(c - '0');
}

/* The number that n digits are; n at most 19. */
uint64_t tx_id_number(const char *id, size_t n);

/* All n characters are the same. */
bool tx_id_is_uniform(const char *id, size_t n);

/* ISO/IEC 7812-1 annex B: the last of the n digits is the check digit. */
bool tx_luhn(const char *id, size_t n);

/* J. Verhoeff, "Error detecting decimal codes" (1969): the last of the n digits is the check digit.
 */
bool tx_verhoeff(const char *id, size_t n);

/* ISO/IEC 7064 MOD 11,10: the last of the n digits is the check digit. */
bool tx_mod_11_10(const char *id, size_t n);

/* ISO/IEC 7064 MOD 97-10 of digits and letters (A = 10 … Z = 35), as a number. */
unsigned tx_mod_97(const char *id, size_t n);

/* The sum of weights[i] * digit i. */
int tx_weighted(const char *id, const int8_t *weights, size_t n);

/* A day of the Gregorian calendar from year 1800 on. */
bool tx_is_date(unsigned year, unsigned month, unsigned day);

#endif
