/* SPDX-License-Identifier: MIT */
#include "libtx/mask/engine.h"

const char *tx_mask_error_name(enum tx_mask_error error) {
    static const char *const names[TX_MASK_ERROR_N] = {
        [TX_MASK_ERROR_LIMIT] = "limit",
        [TX_MASK_ERROR_JSON] = "json",
        [TX_MASK_ERROR_KEY] = "key",
        [TX_MASK_ERROR_VAULT] = "vault",
    };
    return names[error];
}

void tx_marks_reset(struct tx_marks *marks) {
    marks->errors = 0;
    marks->n = 0;
}

/* Whether `a` stands before `b`. */
static bool is_before(const struct tx_mark *a, const struct tx_mark *b) {
    return a->action != b->action ? a->action > b->action : a->rule < b->rule;
}

void tx_marks_add(struct tx_mask *mask, enum tx_masking_action_kind action, size_t rule) {
    struct tx_marks *marks = &mask->marks;
    const struct tx_mark mark = {.action = action, .rule = (uint16_t)rule};
    size_t i = 0;

    mask->rule_counts[rule]++;
    while (i < marks->n && is_before(&marks->mark[i], &mark))
        i++;
    if (i < marks->n && marks->mark[i].action == action && marks->mark[i].rule == rule)
        return;
    if (i == TX_MARKS_MAX)
        return;
    marks->n -= marks->n == TX_MARKS_MAX;
    memmove(&marks->mark[i + 1], &marks->mark[i], (marks->n - i) * sizeof(mark));
    marks->mark[i] = mark;
    marks->n++;
}

/* docs/format.md section 4: both ways to leave something out are `drop`. */
static const char *name_of(enum tx_masking_action_kind action) {
    return action == TX_ACTION_DROP_FIELD || action == TX_ACTION_DROP_RECORD
               ? "drop"
               : tx_masking_action_name(action);
}

static void put_mark(struct tx_buf *b, const char *action, const char *rule) {
    if (b->len > 0)
        tx_buf_char(b, ',');
    tx_buf_str(b, action);
    tx_buf_char(b, ':');
    tx_buf_str(b, rule);
}

static const char *finish(struct tx_mask *mask, struct tx_buf *b) {
    tx_buf_char(b, '\0');
    struct tx_text text = tx_arena_close(&mask->values, b);
    return b->full ? "error:limit" : text.p;
}

const char *tx_marks_render(struct tx_mask *mask) {
    const struct tx_marks *marks = &mask->marks;
    if (!marks->errors && marks->n == 0)
        return NULL;
    struct tx_buf b = tx_arena_open(&mask->values);
    for (size_t i = 0; i < TX_MASK_ERROR_N; i++)
        if (marks->errors >> i & 1)
            put_mark(&b, "error", tx_mask_error_name((enum tx_mask_error)i));
    for (size_t i = 0; i < marks->n; i++)
        put_mark(&b, name_of(marks->mark[i].action), mask->rules.rule[marks->mark[i].rule].id);
    return finish(mask, &b);
}

const char *tx_marks_render_drop(struct tx_mask *mask) {
    struct tx_buf b = tx_arena_open(&mask->values);
    if (mask->dropped_by_error)
        put_mark(&b, "error", tx_mask_error_name(mask->dropped_error));
    else
        put_mark(&b, "drop", mask->rules.rule[mask->dropped_rule].id);
    return finish(mask, &b);
}
