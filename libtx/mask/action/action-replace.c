/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/mask/action/action-parts.h"

/* A text of the configuration, in which ${detector}, ${rule} and ${n} stand for names and a number:
 * nothing of the value can come into it. */

enum variable { DETECTOR, RULE, N, UNKNOWN };

/* The variable at `at`, and where it ends. */
static enum variable variable_at(struct tx_text text, size_t at, size_t *ret_end) {
    static const struct tx_text names[UNKNOWN] = {{"${detector}", 11}, {"${rule}", 7}, {"${n}", 4}};
    for (size_t i = 0; i < UNKNOWN; i++)
        if (tx_text_starts((struct tx_text){text.p + at, text.n - at}, names[i])) {
            *ret_end = at + names[i].n;
            return (enum variable)i;
        }
    return UNKNOWN;
}

static bool is_variable(struct tx_text text, size_t at) {
    return text.p[at] == '$' && at + 1 < text.n && text.p[at + 1] == '{';
}

bool tx_action_replace_valid(struct tx_text text) {
    if (!tx_utf8_valid(text.p, text.n))
        return false;
    for (size_t i = 0, end; i < text.n; i++)
        if ((uint8_t)text.p[i] < 0x20 || text.p[i] == 0x7f ||
            (is_variable(text, i) && variable_at(text, i, &end) == UNKNOWN))
            return false;
    return true;
}

int tx_action_replace(struct tx_action_tools *tools, const struct tx_masking_action *action,
                      const struct tx_action_subject *subject, struct tx_buf *out) {
    const struct tx_text text = {action->replace.text, strlen(action->replace.text)};
    (void)tools;
    for (size_t i = 0, end; i < text.n; i = end) {
        end = i + 1;
        switch (is_variable(text, i) ? variable_at(text, i, &end) : UNKNOWN) {
        case DETECTOR:
            tx_buf_str(out, subject->detector_name);
            break;
        case RULE:
            tx_buf_str(out, subject->rule);
            break;
        case N:
            tx_buf_dec(out, subject->n);
            break;
        case UNKNOWN:
            tx_buf_char(out, text.p[i]);
            break;
        }
    }
    return 0;
}
