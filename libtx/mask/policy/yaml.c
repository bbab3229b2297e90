/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "libtx/base/text.h"

/* Controls, line ends, byte order marks, and what is none. */
static bool is_special(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           c == 0xfffe || c == 0xffff;
}

int tx_yaml_put_string(struct tx_bytes *b, const char *text) {
    size_t left = strlen(text);
    int r = tx_bytes_append(b, "\"", 1);

    for (const char *p = text; r == 0 && left > 0;) {
        size_t n = tx_utf8_char(p, left);
        char escaped[8];
        if (n == 0)
            return -EILSEQ;
        uint32_t c = tx_utf8_code(p, n);
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
