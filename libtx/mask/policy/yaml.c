/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "libtx/base/text.h"

/* Of characters of two and three bytes: controls, line ends, byte order marks, and what is none. */
static bool is_special(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           c == 0xfffe || c == 0xffff;
}

static uint32_t code_of(const char *p, size_t n) {
    const unsigned char *u = (const unsigned char *)p;
    return n == 1   ? u[0]
           : n == 2 ? (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu)
           : n == 3 ? (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu)
                    : 0x10000;
}

int tx_yaml_put_string(struct tx_bytes *b, const char *text) {
    size_t left = strlen(text);
    int r = tx_bytes_append(b, "\"", 1);

    for (const char *p = text; r == 0 && left > 0;) {
        size_t n = tx_utf8_char(p, left);
        char escaped[8];
        if (n == 0)
            return -EILSEQ;
        uint32_t c = code_of(p, n);
        if (c == '"' || c == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", (int)c);
        else if (is_special(c))
            snprintf(escaped, sizeof(escaped), "\\u%04x", c & 0xffffu);
        bool as_it_is = c != '"' && c != '\\' && !is_special(c);
        r = as_it_is ? tx_bytes_append(b, p, n) : tx_bytes_append(b, escaped, strlen(escaped));
        p += n;
        left -= n;
    }
    return r < 0 ? r : tx_bytes_append(b, "\"", 1);
}
