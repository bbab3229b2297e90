/* SPDX-License-Identifier: MIT */
#include "libaudit-client/span/span.h"

#include "libtx/record/record.h"

static size_t room(const struct tx_span_head *head) {
    size_t links = head->n_links * sizeof(struct tx_span_link_ids);

    return head->size - sizeof(*head) - head->used - links;
}

/* Entries are not aligned. */
static struct tx_span_entry entry_at(const struct tx_span_head *head, size_t at) {
    struct tx_span_entry entry;

    memcpy(&entry, head->bytes + at, sizeof(entry));
    return entry;
}

static const char *name_at(const struct tx_span_head *head, size_t at) {
    return (const char *)head->bytes + at + sizeof(struct tx_span_entry);
}

/* --- one is added --- */

static bool is_reserved(struct tx_text name) {
    return tx_text_starts(name, TX_TEXT("span.")) || tx_text_equal(name, TX_TEXT("duration_ns")) ||
           tx_text_equal(name, TX_TEXT("thread.id"));
}

static bool is_sized(enum tx_kv_type type) {
    return type == TX_KV_STR || type == TX_KV_BYTES || type == TX_KV_JSON;
}

static int check(const struct tx_kv *kv, struct tx_text *ret_name) {
    struct tx_text name = {.p = kv->name,
                           .n = kv->name ? strnlen(kv->name, TX_LIMIT_NAME_BYTES + 1) : 0};

    if (!tx_field_name_valid(name) || is_reserved(name))
        return -EINVAL;
    if ((unsigned)kv->type > TX_KV_JSON || kv->type == TX_KV_END ||
        (unsigned)kv->label > TX_KV_SECRET)
        return -EINVAL;
    if (is_sized(kv->type) && !kv->value.p && kv->size > 0)
        return -EINVAL;
    *ret_name = name;
    return 0;
}

static void take_out(struct tx_span_head *head, struct tx_text name) {
    for (size_t at = head->first; at < head->used;) {
        struct tx_span_entry entry = entry_at(head, at);
        struct tx_text other = {.p = name_at(head, at), .n = entry.n_name};
        if (tx_text_equal(name, other)) {
            head->used -= entry.n;
            head->n_attributes--;
            memmove(head->bytes + at, head->bytes + at + entry.n, head->used - at);
            return;
        }
        at += entry.n;
    }
}

int tx_span_add_attribute(struct tx_span_head *head, const struct tx_kv *kv) {
    struct tx_text name;
    int r = check(kv, &name);

    if (r < 0)
        return r;
    take_out(head, name);
    size_t n_value = is_sized(kv->type) ? kv->size : 0, n_fixed = sizeof(struct tx_span_entry);
    size_t left = room(head);
    if (head->n_attributes == TX_SPAN_ATTRIBUTES || n_value > left ||
        n_fixed + name.n + 1 > left - n_value)
        return -ENOSPC;
    struct tx_span_entry entry = {.n = (uint32_t)(n_fixed + name.n + 1 + n_value),
                                  .n_name = (uint16_t)name.n,
                                  .type = (uint8_t)kv->type,
                                  .label = (uint8_t)kv->label,
                                  .number = is_sized(kv->type) ? 0 : kv->value.u64,
                                  .n_value = (uint32_t)n_value,
                                  .is_null = is_sized(kv->type) && !kv->value.p};
    uint8_t *to = head->bytes + head->used;
    memcpy(to, &entry, n_fixed);
    memcpy(to + n_fixed, name.p, name.n);
    to[n_fixed + name.n] = '\0';
    if (n_value > 0)
        memcpy(to + n_fixed + name.n + 1, kv->value.p, n_value);
    head->used += entry.n;
    head->n_attributes++;
    return 0;
}

/* --- all are read --- */

size_t tx_span_read_attributes(const struct tx_span_head *head, struct tx_kv *ret) {
    size_t n = 0;

    for (size_t at = head->first; at < head->used; n++) {
        struct tx_span_entry entry = entry_at(head, at);
        const char *name = name_at(head, at);
        ret[n] = (struct tx_kv){.name = name,
                                .type = (enum tx_kv_type)entry.type,
                                .label = (enum tx_kv_label)entry.label,
                                .size = entry.n_value,
                                .value.u64 = entry.number};
        if (is_sized(ret[n].type))
            ret[n].value.p = entry.is_null ? NULL : name + entry.n_name + 1;
        at += entry.n;
    }
    return n;
}

/* --- links --- */

static uint8_t *place_of(const struct tx_span_head *head, size_t i) {
    return (uint8_t *)head + head->size - (i + 1) * sizeof(struct tx_span_link_ids);
}

struct tx_span_link_ids tx_span_link_at(const struct tx_span_head *head, size_t i) {
    struct tx_span_link_ids ids;

    memcpy(&ids, place_of(head, i), sizeof(ids));
    return ids;
}

int tx_span_add_link(struct tx_span_head *head, const struct tx_span_link_ids *ids) {
    if (head->n_links == TX_SPAN_LINKS || room(head) < sizeof(*ids))
        return -ENOSPC;
    memcpy(place_of(head, head->n_links), ids, sizeof(*ids));
    head->n_links++;
    return 0;
}
