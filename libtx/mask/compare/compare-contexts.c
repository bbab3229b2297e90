/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/mask/compare/compare-parts.h"

#define ANY_NAME "x"

struct gathering {
    struct tx_comparison_contexts *to;
    int failed;
};

/* A name that the pattern matches. */
static char *name_of(const char *pattern) {
    char *name = malloc(strlen(pattern) + 2), *to = name;

    if (!name)
        return NULL;
    for (const char *from = pattern; *from; from++)
        if (*from != '*')
            *to++ = *from;
        else if (to == name || to[-1] != 'x')
            *to++ = 'x';
    *to = '\0';
    return name;
}

static void free_context(struct tx_comparison_context *context) {
    free(context->event);
    free(context->field);
    free(context->unit);
    free(context->exe);
}

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_known(const struct tx_comparison_contexts *to,
                     const struct tx_comparison_context *context) {
    for (size_t i = 0; i < to->n; i++) {
        const struct tx_comparison_context *other = &to->item[i];
        if (other->label == context->label && other->has_sender == context->has_sender &&
            other->uid == context->uid && other->gid == context->gid &&
            strcmp(other->event, context->event) == 0 &&
            strcmp(other->field, context->field) == 0 && same_text(other->unit, context->unit) &&
            same_text(other->exe, context->exe))
            return true;
    }
    return false;
}

static void add(struct gathering *g, const char *event, const char *field,
                const struct tx_masking_match *match) {
    const struct tx_masking_sender *sender = &match->sender;
    struct tx_comparison_context context = {
        .event = name_of(event),
        .field = name_of(field),
        .label = match->label_pii      ? TX_LABEL_PII
                 : match->label_secret ? TX_LABEL_SECRET
                                       : TX_LABEL_NONE,
        .has_sender = match->has_sender,
        .uid = sender->uids.n ? sender->uids.id[0] : 0,
        .gid = sender->gids.n ? sender->gids.id[0] : 0,
        .unit = sender->units.n ? name_of(sender->units.item[0]) : NULL,
        .exe = sender->exes.n ? name_of(sender->exes.item[0]) : NULL,
    };
    bool whole = context.event && context.field && (!sender->units.n || context.unit) &&
                 (!sender->exes.n || context.exe);

    if (!whole)
        g->failed = -ENOMEM;
    if (!whole || g->to->n == TX_COMPARISON_CONTEXTS_MAX || is_known(g->to, &context))
        free_context(&context);
    else
        g->to->item[g->to->n++] = context;
}

/* Each field in the first event, each event with the first field. A pointer's field is JSON: what
 * stands in it is compared by what is written alone. */
static void add_match(struct gathering *g, const struct tx_masking_match *match) {
    const char *event = match->events.n ? match->events.item[0] : ANY_NAME;
    const char *field =
        match->fields.n && match->fields.item[0][0] != '/' ? match->fields.item[0] : ANY_NAME;

    add(g, event, field, match);
    for (size_t i = 0; i < match->fields.n; i++)
        if (match->fields.item[i][0] != '/')
            add(g, event, match->fields.item[i], match);
    for (size_t i = 0; i < match->events.n; i++)
        add(g, match->events.item[i], field, match);
}

/* What a nested match does not say, the one around it does. */
static struct tx_masking_match within(const struct tx_masking_match *outer,
                                      const struct tx_masking_match *inner) {
    struct tx_masking_match both = {.events = inner->events.n ? inner->events : outer->events,
                                    .fields = inner->fields.n ? inner->fields : outer->fields,
                                    .label_pii = inner->label_pii || outer->label_pii,
                                    .label_secret = inner->label_secret || outer->label_secret,
                                    .has_sender = inner->has_sender || outer->has_sender,
                                    .sender = inner->has_sender ? inner->sender : outer->sender};
    return both;
}

static void add_with_nested(struct gathering *g, const struct tx_masking_match *match) {
    struct tx_masking_match whole = *match;

    for (size_t i = 0; i < match->n_all; i++)
        whole = within(&whole, &match->all[i]);
    add_match(g, &whole);
    for (size_t i = 0; i < match->n_all; i++)
        for (size_t k = 0; k < match->all[i].n_any; k++) {
            struct tx_masking_match one = within(&whole, &match->all[i].any[k]);
            add_match(g, &one);
        }
    for (size_t i = 0; i < match->n_any; i++) {
        struct tx_masking_match one = within(&whole, &match->any[i]);
        add_match(g, &one);
    }
    for (size_t i = 0; i < match->n_none; i++) {
        struct tx_masking_match one = within(&whole, &match->none[i]);
        add_match(g, &one);
    }
}

static void add_policy(struct gathering *g, const struct tx_masking *masking) {
    for (size_t i = 0; i < masking->n_rules; i++)
        add_with_nested(g, &masking->rules[i].match);
    for (size_t i = 0; i < masking->n_allows; i++) {
        const struct tx_masking_match match = {.events = masking->allows[i].events,
                                               .fields = masking->allows[i].fields};
        add_match(g, &match);
    }
}

int tx_comparison_contexts_of(const struct tx_comparison *c, struct tx_comparison_contexts *ret) {
    const struct tx_masking_match anywhere = {.n_all = 0};
    struct gathering g = {.to = ret};

    *ret = (struct tx_comparison_contexts){
        .item = calloc(TX_COMPARISON_CONTEXTS_MAX, sizeof(*ret->item))};
    if (!ret->item)
        return -ENOMEM;
    add_match(&g, &anywhere);
    add_policy(&g, c->now);
    add_policy(&g, c->before);
    return g.failed;
}

void tx_comparison_contexts_deinit(struct tx_comparison_contexts *contexts) {
    for (size_t i = 0; i < contexts->n; i++)
        free_context(&contexts->item[i]);
    free(contexts->item);
    *contexts = (struct tx_comparison_contexts){.n = 0};
}
