/* SPDX-License-Identifier: MIT */
#include "tools/shared/terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The character at p, of n bytes, does something to a terminal: controls, also C1 (U+0080 to
 * U+009F), and those that turn text around (U+202A to U+202E, U+2066 to U+2069). */
static bool is_active(const char *p, size_t n) {
    unsigned char c = (unsigned char)p[0];
    if (n == 1)
        return c < 0x20 || c == 0x7f;
    if (n == 2)
        return c == 0xc2 && (unsigned char)p[1] < 0xa0;
    return n == 3 && ((memcmp(p, "\xe2\x80\xaa", 3) >= 0 && memcmp(p, "\xe2\x80\xae", 3) <= 0) ||
                      (memcmp(p, "\xe2\x81\xa6", 3) >= 0 && memcmp(p, "\xe2\x81\xa9", 3) <= 0));
}

void tx_terminal_put_json(struct tx_text line) {
    for (size_t i = 0; i < line.n;) {
        const unsigned char *p = (const unsigned char *)line.p + i;
        size_t n = tx_utf8_char(line.p + i, line.n - i);
        if (n > 0 && is_active(line.p + i, n))
            printf("\\u%04x", n == 1 ? p[0]
                              : n == 2
                                  ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
                                  : (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu));
        else
            fwrite(line.p + i, 1, n ? n : 1, stdout);
        i += n ? n : 1;
    }
}

void tx_terminal_put(struct tx_text text) {
    for (size_t i = 0; i < text.n;) {
        size_t n = tx_utf8_char(text.p + i, text.n - i);
        if (n == 0 || is_active(text.p + i, n))
            for (size_t k = 0; k < (n ? n : 1); k++)
                printf("\\x%02x", (unsigned char)text.p[i + k]);
        else
            fwrite(text.p + i, 1, n, stdout);
        i += n ? n : 1;
    }
}
