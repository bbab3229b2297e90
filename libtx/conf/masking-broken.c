/* SPDX-License-Identifier: MIT */
#include "libtx/conf/masking-broken.h"

#include <string.h>

static struct tx_text take_line(struct tx_text *rest) {
    const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    struct tx_text line = {rest->p, end ? (size_t)(end + 1 - rest->p) : rest->n};
    *rest = (struct tx_text){rest->p + line.n, rest->n - line.n};
    return line;
}

/* Not empty, not a comment, not further in. */
static bool begins_section(struct tx_text line) {
    return line.n > 0 && !memchr(" \t\r\n#", line.p[0], 5);
}

bool tx_masking_lines(struct tx_text text, struct tx_text *ret) {
    bool is_here = false;
    size_t n_sections = 0;

    for (struct tx_text rest = text; rest.n > 0;) {
        struct tx_text line = take_line(&rest);
        if (tx_text_starts(line, TX_TEXT("masking:"))) {
            is_here = true;
            n_sections++;
            *ret = (struct tx_text){line.p, 0};
        } else if (begins_section(line)) {
            is_here = false;
        }
        if (is_here)
            ret->n += line.n;
    }
    return n_sections == 1;
}

bool tx_masking_lines_refuse(struct tx_text lines) {
    static const struct tx_text key = {"on_bad_config", 13}, word = {"refuse", 6};
    const char *end = lines.p + lines.n, *p = lines.p;

    while ((p = memmem(p, (size_t)(end - p), key.p, key.n))) {
        p += key.n;
        while (p < end && memchr(" \t:\"'", *p, 5))
            p++;
        if (tx_text_starts((struct tx_text){p, (size_t)(end - p)}, word))
            return true;
    }
    return false;
}
