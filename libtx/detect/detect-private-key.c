/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * A private key in PEM or OpenPGP armour, from its first line's dashes to those of its END line;
 * without one, to the end of the text.
 */

#define DASHES "-----"
#define LABEL_BYTES 64 /* "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK" and the like */

/* The label at `at` is that of a private key; *ret_end is behind its dashes. */
static bool is_private(const struct tx_scan *s, size_t at, size_t *ret_end) {
    size_t n = s->n - at < LABEL_BYTES ? s->n - at : LABEL_BYTES;
    const uint8_t *dashes = memmem(s->p + at, n, DASHES, 5);
    if (!dashes)
        return false;
    size_t end = (size_t)(dashes - s->p);
    *ret_end = end + 5;
    return memmem(s->p + at, end - at, "PRIVATE KEY", 11) != NULL;
}

static size_t block_end(const struct tx_scan *s, size_t at) {
    const char *mark = DASHES "END ";
    for (;;) {
        const uint8_t *line = memmem(s->p + at, s->n - at, mark, strlen(mark));
        size_t end;
        if (!line)
            return s->n;
        at = (size_t)(line - s->p) + strlen(mark);
        if (is_private(s, at, &end))
            return end;
    }
}

void tx_detect_private_key(struct tx_scan *s, size_t at) {
    size_t end;

    if (at < s->private_key_done || at < 5 || s->n - at < 6 ||
        memcmp(s->p + at - 5, DASHES "BEGIN ", 11) != 0 ||
        !tx_scan_wants(s, TX_DETECT_PRIVATE_KEY_PEM))
        return;
    s->matches->work += LABEL_BYTES;
    if (!is_private(s, at + 6, &end))
        return;
    end = block_end(s, end);
    s->matches->work += end - at;
    s->private_key_done = end;
    tx_scan_claim(s, TX_DETECT_PRIVATE_KEY_PEM, at - 5, end);
}
