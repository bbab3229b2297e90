/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/mask/action/action-parts.h"

/*
 * The first and last characters stay, never more than half of them; the others become the mask's
 * character. A single space, dash, dot or slash between two other characters is a separator: it
 * stays when that was told, and counts as no character. Of several in a row none stays, else a text
 * of nothing but such signs would show. Nor does a byte that is no UTF-8.
 *
 * Masking the result again changes nothing: hiding a character makes no separator of it nor of its
 * neighbours, so that there are as many characters as before; and a fixed length is never so short
 * that what is shown would be more than half.
 */

enum sort { CHARACTER, SEPARATOR, NEVER_SHOWN };

struct masker {
    const struct tx_masking_action *action;
    struct tx_text text;
    struct tx_text sign;
};

static bool is_separator(const struct masker *m, size_t at) {
    char c = m->text.p[at];
    return (c == ' ' || c == '-' || c == '.' || c == '/') && !(m->sign.n == 1 && c == *m->sign.p);
}

static enum sort sort_at(const struct masker *m, size_t at, size_t *ret_n) {
    bool ascii = (uint8_t)m->text.p[at] < 0x80;
    size_t n = ascii ? 1 : tx_utf8_char(m->text.p + at, m->text.n - at);
    *ret_n = n ? n : 1;
    if (n == 0)
        return NEVER_SHOWN;
    if (!m->action->mask.keep_separators || !is_separator(m, at))
        return CHARACTER;
    bool within =
        at > 0 && at + 1 < m->text.n && !is_separator(m, at - 1) && !is_separator(m, at + 1);
    return within ? SEPARATOR : NEVER_SHOWN;
}

static size_t count_characters(const struct masker *m) {
    size_t n = 0;
    for (size_t i = 0, bytes; i < m->text.n; i += bytes)
        n += sort_at(m, i, &bytes) != SEPARATOR;
    return n;
}

static void put_signs(const struct masker *m, size_t n, struct tx_buf *out) {
    for (size_t i = 0; i < n && !out->full; i++)
        tx_buf_put(out, m->sign.p, m->sign.n);
}

static size_t max(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Of n characters, those before `first` and from `last` on are shown. With a fixed length the
 * hidden ones, and the separators among them, are `fixed` signs. */
static void put_masked(const struct masker *m, size_t first, size_t last, size_t fixed,
                       struct tx_buf *out) {
    size_t k = 0;
    bool put_fixed = false;

    for (size_t i = 0, bytes; i < m->text.n; i += bytes) {
        enum sort sort = sort_at(m, i, &bytes);
        bool hidden = sort == SEPARATOR ? fixed && k >= first && k <= last : k >= first && k < last;
        if (hidden && fixed && !put_fixed)
            put_signs(m, fixed, out);
        put_fixed = put_fixed || (hidden && fixed);
        if (!hidden && sort != NEVER_SHOWN)
            tx_buf_put(out, m->text.p + i, bytes);
        else if (!hidden || !fixed)
            put_signs(m, 1, out);
        k += sort != SEPARATOR;
    }
}

int tx_action_mask(struct tx_action_tools *tools, const struct tx_masking_action *action,
                   const struct tx_action_subject *subject, struct tx_buf *out) {
    const char *sign = action->mask.character[0] ? action->mask.character : "*";
    const struct masker m = {action, subject->text, {sign, strlen(sign)}};
    size_t shown = (size_t)action->mask.keep_first + action->mask.keep_last;
    size_t n = count_characters(&m), fixed = action->mask.fixed_length;

    (void)tools;
    if (shown > n / 2 || n - shown < action->mask.min_hidden || n == 0)
        return TX_ACTION_E_SHOWS;
    if (fixed > 0)
        fixed = max(fixed, max(shown, action->mask.min_hidden));
    put_masked(&m, action->mask.keep_first, n - action->mask.keep_last, fixed, out);
    return 0;
}
