/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/masking-cover.h"

#include <string.h>

#include "libtx/mask/policy/glob.h"

typedef bool (*item_covers)(const char *big, const char *small);

/* Each of `small` lies in one of `big`; an empty list of `big` says nothing. */
static bool list_covers(const struct tx_masking_list *big, const struct tx_masking_list *small,
                        item_covers covers) {
    if (big->n == 0)
        return true;
    for (size_t i = 0; i < small->n; i++) {
        size_t k = 0;
        while (k < big->n && !covers(big->item[k], small->item[i]))
            k++;
        if (k == big->n)
            return false;
    }
    return small->n > 0;
}

static bool same(const char *big, const char *small) {
    return strcmp(big, small) == 0;
}

static bool event_covers(const char *big, const char *small) {
    if (strcmp(big, small) == 0 || strcmp(big, "*") == 0 || strcmp(big, "**") == 0)
        return true;
    return !strchr(small, '*') && tx_glob_match_event(big, (struct tx_text){small, strlen(small)});
}

static bool field_covers(const char *big, const char *small) {
    return strcmp(big, small) == 0 ||
           (big[0] != '/' && small[0] != '/' && tx_glob_covers(big, small));
}

static bool ids_cover(const struct tx_masking_ids *big, const struct tx_masking_ids *small) {
    if (big->n == 0)
        return true;
    for (size_t i = 0; i < small->n; i++) {
        size_t k = 0;
        while (k < big->n && big->id[k] != small->id[i])
            k++;
        if (k == big->n)
            return false;
    }
    return small->n > 0;
}

static bool sender_covers(const struct tx_masking_match *big,
                          const struct tx_masking_match *small) {
    if (!big->has_sender)
        return true;
    return small->has_sender && ids_cover(&big->sender.uids, &small->sender.uids) &&
           ids_cover(&big->sender.gids, &small->sender.gids) &&
           list_covers(&big->sender.units, &small->sender.units, same) &&
           list_covers(&big->sender.exes, &small->sender.exes, same);
}

static bool labels_cover(const struct tx_masking_match *big, const struct tx_masking_match *small) {
    if (!big->label_pii && !big->label_secret)
        return true;
    return (small->label_pii || small->label_secret) && (big->label_pii || !small->label_pii) &&
           (big->label_secret || !small->label_secret);
}

static bool types_cover(const struct tx_masking_match *big, const struct tx_masking_match *small) {
    return !big->types || (small->types && !(small->types & ~big->types));
}

/* --- what is found --- */

bool tx_masking_built_in(const struct tx_masking_list *detectors, struct tx_detector_set *ret) {
    static const char pack[] = "pack:";
    bool all = true;

    *ret = (struct tx_detector_set){.word = {0}};
    for (size_t i = 0; i < detectors->n; i++) {
        const char *name = detectors->item[i];
        enum tx_detector d = tx_detector_find((struct tx_text){name, strlen(name)});
        bool is_pack = strncmp(name, pack, strlen(pack)) == 0;
        if (d < TX_DETECT_N)
            tx_detectors_add(ret, d);
        else if (!is_pack)
            all = false;
        for (size_t k = 0; is_pack && k < TX_DETECT_N; k++)
            if (strcmp(tx_pack_names[tx_detector_infos[k].pack], name + strlen(pack)) == 0)
                tx_detectors_add(ret, (enum tx_detector)k);
    }
    return all;
}

static bool detectors_cover(const struct tx_masking_list *big,
                            const struct tx_masking_list *small) {
    struct tx_detector_set big_set, small_set;

    tx_masking_built_in(big, &big_set);
    if (!tx_masking_built_in(small, &small_set))
        return list_covers(big, small, same);
    for (size_t d = 0; d < TX_DETECT_N; d++)
        if (tx_detectors_have(&small_set, (enum tx_detector)d) &&
            !tx_detectors_have(&big_set, (enum tx_detector)d))
            return false;
    return true;
}

/* One that claims whole values claims what is found in them. */
static bool findings_cover(const struct tx_masking_match *big,
                           const struct tx_masking_match *small) {
    if (big->detectors.n == 0)
        return true;
    return small->detectors.n > 0 && detectors_cover(&big->detectors, &small->detectors) &&
           big->min_confidence <= small->min_confidence &&
           (big->min_count <= 1 || big->min_count <= small->min_count);
}

/* --- a match --- */

/* Without what is nested in `big`; one of `small->all` may be what holds it. */
static bool simple_covers(const struct tx_masking_match *big,
                          const struct tx_masking_match *small) {
    return list_covers(&big->events, &small->events, event_covers) &&
           list_covers(&big->fields, &small->fields, field_covers) &&
           list_covers(&big->keys, &small->keys, field_covers) && types_cover(big, small) &&
           labels_cover(big, small) && sender_covers(big, small);
}

static bool any_covers(const struct tx_masking_match *bigs, size_t n,
                       const struct tx_masking_match *small) {
    for (size_t i = 0; i < n; i++)
        if (tx_masking_covers(&bigs[i], small))
            return true;
    return false;
}

/* What holds for each of `small->any` holds for `small`. */
static bool alternatives_cover(const struct tx_masking_match *big,
                               const struct tx_masking_match *small) {
    if (big->n_any == 0 || any_covers(big->any, big->n_any, small))
        return true;
    for (size_t i = 0; i < small->n_any; i++)
        if (!any_covers(big->any, big->n_any, &small->any[i]))
            return false;
    return small->n_any > 0;
}

/* All of `big->all` hold, and so does one of `big->any`. */
static bool nested_cover(const struct tx_masking_match *big, const struct tx_masking_match *small) {
    for (size_t i = 0; i < big->n_all; i++) {
        size_t k = 0;
        while (k < small->n_all && !tx_masking_covers(&big->all[i], &small->all[k]))
            k++;
        if (k == small->n_all && !tx_masking_covers(&big->all[i], small))
            return false;
    }
    return alternatives_cover(big, small);
}

/* What `big` leaves out, `small` leaves out too. */
static bool exceptions_cover(const struct tx_masking_match *big,
                             const struct tx_masking_match *small) {
    for (size_t i = 0; i < big->n_none; i++)
        if (!any_covers(small->none, small->n_none, &big->none[i]))
            return false;
    return true;
}

/* The reader bounds how deep matches are nested. */
bool tx_masking_covers(const struct tx_masking_match *big, const struct tx_masking_match *small) {
    bool simple = simple_covers(big, small);

    for (size_t i = 0; !simple && i < small->n_all; i++)
        simple = simple_covers(big, &small->all[i]);
    return simple && findings_cover(big, small) && nested_cover(big, small) &&
           exceptions_cover(big, small);
}

bool tx_masking_excludes(const struct tx_masking_match *match) {
    return any_covers(match->none, match->n_none, match);
}
