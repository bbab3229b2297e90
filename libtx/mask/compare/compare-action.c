/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "libtx/mask/compare/compare-parts.h"

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool has(const struct tx_masking_list *list, const char *item) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->item[i], item) == 0)
            return true;
    return false;
}

static bool any_other(const struct tx_masking_list *now, const struct tx_masking_list *before) {
    for (size_t i = 0; i < now->n; i++)
        if (!has(before, now->item[i]))
            return true;
    return false;
}

static bool mask_weaker(const struct tx_masking_action *before,
                        const struct tx_masking_action *now) {
    return now->mask.keep_first > before->mask.keep_first ||
           now->mask.keep_last > before->mask.keep_last ||
           now->mask.min_hidden < before->mask.min_hidden ||
           (before->mask.fixed_length && !now->mask.fixed_length) ||
           (now->mask.keep_separators && !before->mask.keep_separators);
}

/* How much of a date stays. */
static int detail_of(enum tx_masking_date to) {
    return to == TX_DATE_YEAR ? 0 : to == TX_DATE_MONTH ? 1 : 2;
}

/* Ranges that are each made of whole ranges of before tell less. */
static bool bucket_weaker(const struct tx_masking_action *before,
                          const struct tx_masking_action *now) {
    if (before->bucket.n_edges == 0 && now->bucket.n_edges == 0)
        return fmod(now->bucket.width, before->bucket.width) != 0;
    for (size_t i = 0; i < now->bucket.n_edges; i++) {
        size_t k = 0;
        while (k < before->bucket.n_edges && before->bucket.edges[k] != now->bucket.edges[i])
            k++;
        if (k == before->bucket.n_edges)
            return true;
    }
    return now->bucket.n_edges == 0;
}

static bool url_weaker(const struct tx_masking_action *before,
                       const struct tx_masking_action *now) {
    return (now->url.userinfo == TX_URL_KEEP && before->url.userinfo != TX_URL_KEEP) ||
           (now->url.query == TX_URL_KEEP && before->url.query != TX_URL_KEEP) ||
           (now->url.query == TX_URL_REDACT && before->url.query == TX_URL_DROP) ||
           (now->url.fragment == TX_URL_KEEP && before->url.fragment != TX_URL_KEEP) ||
           (before->url.query != TX_URL_KEEP &&
            any_other(&now->url.query_keep, &before->url.query_keep)) ||
           (before->url.path_ids && !now->url.path_ids);
}

/* What joins values that were not joined, or shows a part. */
static bool pseudonym_weaker(const struct tx_masking_action *before,
                             const struct tx_masking_action *now) {
    return (now->pseudonym.keep_domain && !before->pseudonym.keep_domain) ||
           (now->pseudonym.canonical && !before->pseudonym.canonical) ||
           (now->pseudonym.scope != before->pseudonym.scope &&
            before->pseudonym.scope != TX_SCOPE_DOMAIN) ||
           !same_text(now->pseudonym.domain, before->pseudonym.domain);
}

static bool encrypt_weaker(const struct tx_masking_action *before,
                           const struct tx_masking_action *now) {
    return !same_text(before->encrypt.subject, now->encrypt.subject) ||
           (now->encrypt.also_index && !before->encrypt.also_index);
}

/* A key's pseudonyms can be joined for as long as its epoch. */
static int64_t epoch_of(const struct tx_masking *masking, const char *id) {
    for (size_t i = 0; i < masking->n_keys; i++)
        if (strcmp(masking->keys[i].id, id) == 0 && masking->keys[i].epoch_ns > 0)
            return masking->keys[i].epoch_ns;
    return INT64_MAX;
}

bool tx_comparison_action_weaker(const struct tx_comparison *c,
                                 const struct tx_masking_action *before,
                                 const struct tx_masking_action *now) {
    if (now->kind != before->kind)
        return now->kind < before->kind;
    switch (now->kind) {
    case TX_ACTION_MASK:
        return mask_weaker(before, now);
    case TX_ACTION_IP:
        return now->ip.v4_prefix > before->ip.v4_prefix || now->ip.v6_prefix > before->ip.v6_prefix;
    case TX_ACTION_DATE:
        return detail_of(now->date.to) > detail_of(before->date.to);
    case TX_ACTION_BUCKET:
        return bucket_weaker(before, now);
    case TX_ACTION_ROUND:
        return now->round.digits > before->round.digits;
    case TX_ACTION_URL:
        return url_weaker(before, now);
    case TX_ACTION_KEEP_ONLY:
        return any_other(&now->keep_only.keys, &before->keep_only.keys);
    case TX_ACTION_PSEUDONYM:
        return pseudonym_weaker(before, now) ||
               epoch_of(c->now, now->pseudonym.key) > epoch_of(c->before, before->pseudonym.key);
    case TX_ACTION_ENCRYPT:
        return encrypt_weaker(before, now);
    case TX_ACTION_ALLOW:
    case TX_ACTION_REPLACE:
    case TX_ACTION_COMMIT:
    case TX_ACTION_REDACT:
    case TX_ACTION_DROP_FIELD:
    case TX_ACTION_DROP_RECORD:
    case TX_ACTION_N:
        return false;
    }
    return false;
}
