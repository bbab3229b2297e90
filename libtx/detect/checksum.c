/* SPDX-License-Identifier: MIT */
#include "libtx/detect/checksum.h"

uint64_t tx_id_number(const char *id, size_t n) {
    uint64_t number = 0;
    for (size_t i = 0; i < n; i++)
        number = number * 10 + tx_digit(id[i]);
    return number;
}

bool tx_id_is_uniform(const char *id, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (id[i] != id[0])
            return false;
    return true;
}

bool tx_luhn(const char *id, size_t n) {
    static const uint8_t doubled[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (n - i) % 2 ? tx_digit(id[i]) : doubled[tx_digit(id[i])];
    return sum % 10 == 0;
}

bool tx_verhoeff(const char *id, size_t n) {
    /* The dihedral group D5, and the powers of the permutation (1 5 8 9 4 2 7 0)(3 6). */
    static const uint8_t product[10][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
        {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
        {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
        {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
        {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
    static const uint8_t permuted[8][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
        {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
        {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
    unsigned c = 0;
    for (size_t i = 0; i < n; i++)
        c = product[c][permuted[i % 8][tx_digit(id[n - 1 - i])]];
    return c == 0;
}

bool tx_mod_11_10(const char *id, size_t n) {
    unsigned p = 10;
    for (size_t i = 0; i + 1 < n; i++) {
        unsigned s = (tx_digit(id[i]) + p) % 10;
        p = 2 * (s ? s : 10) % 11;
    }
    return (p + tx_digit(id[n - 1])) % 10 == 1;
}

unsigned tx_mod_97(const char *id, size_t n) {
    unsigned r = 0;
    for (size_t i = 0; i < n; i++) {
        if (id[i] >= '0' && id[i] <= '9')
            r = (r * 10 + tx_digit(id[i])) % 97;
        else
            r = (r * 100 + (unsigned)(id[i] - 'A') + 10) % 97;
    }
    return r;
}

int tx_weighted(const char *id, const int8_t *weights, size_t n) {
    int sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i] * (int)tx_digit(id[i]);
    return sum;
}

bool tx_is_date(unsigned year, unsigned month, unsigned day) {
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1800 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (month == 2 && leap ? 1u : 0u);
}
