/* SPDX-License-Identifier: MIT */
#include "libtx/detect/id.h"
#include "libtx/detect/scan.h"

/*
 * Swedish and Finnish numbers of people in which a '+' stands before the last four: of the
 * hundredth year on, or of the nineteenth century. The anchor is that '+'.
 */

#define DATE_DIGITS 6
#define LAST 4

void tx_detect_plus(struct tx_scan *s, size_t at) {
    char id[DATE_DIGITS + LAST + 1] = "";

    if (at < DATE_DIGITS || s->n - at <= LAST || tx_is_word(tx_scan_at(s, at + 1 + LAST)) ||
        tx_is_word(tx_scan_before(s, at - DATE_DIGITS)))
        return;
    for (size_t i = 0; i < DATE_DIGITS; i++)
        id[i] = (char)s->p[at - DATE_DIGITS + i];
    for (size_t i = 0; i < LAST; i++)
        id[DATE_DIGITS + i] = (char)tx_upper(s->p[at + 1 + i]);
    size_t n = 0;
    while (tx_is_digit((uint8_t)id[n]))
        n++;
    if (n == DATE_DIGITS + LAST && tx_id_is_se_with_plus(id))
        tx_scan_claim(s, TX_DETECT_SE_PERSONNUMMER, at - DATE_DIGITS, at + 1 + LAST);
    if (n >= DATE_DIGITS + LAST - 1 && tx_is_alnum((uint8_t)id[9]) && tx_id_is_fi_of_1800(id))
        tx_scan_claim(s, TX_DETECT_FI_HETU, at - DATE_DIGITS, at + 1 + LAST);
}
