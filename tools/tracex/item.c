/* SPDX-License-Identifier: MIT */
#include "tools/tracex/item.h"

#include <string.h>

static bool starts(struct tx_text text, const char *prefix) {
    return tx_text_starts(text, (struct tx_text){prefix, strlen(prefix)});
}

static bool is(struct tx_text text, const char *word) {
    return tx_text_equal(text, (struct tx_text){word, strlen(word)});
}

bool tx_item_is(const struct tx_item *item, const char *event) {
    return is(item->event, event);
}

struct tx_text tx_item_text(const struct tx_item *item, const char *name) {
    const struct tx_read_value *value =
        tx_read_find(tx_read_object(item->read, "data"), (struct tx_text){name, strlen(name)});
    if (!value || value->type == TX_READ_NULL)
        return (struct tx_text){.p = NULL};
    return value->text;
}

uint64_t tx_item_number(const struct tx_item *item, const char *name) {
    uint64_t number;
    return tx_read_u64(tx_read_object(item->read, "data"), name, &number) == 0 ? number : 0;
}

static enum tx_item_kind kind_of(struct tx_text event) {
    if (is(event, "function.call"))
        return TX_ITEM_FUNCTION;
    if (is(event, "span"))
        return TX_ITEM_SPAN;
    if (starts(event, "file."))
        return TX_ITEM_FILE;
    if (starts(event, "ml."))
        return TX_ITEM_ML;
    return is(event, "tracex.lost") ? TX_ITEM_LOSS : TX_ITEM_OTHER;
}

static bool read_id(struct tx_read_object top, const char *name, uint8_t *ret, size_t n) {
    struct tx_text text = tx_read_string(top, name);
    return text.p && tx_hex_decode(text, ret, n) == 0;
}

static void read_trace(struct tx_read_object top, struct tx_item *item) {
    item->has_trace = read_id(top, "trace_id", item->trace_id, sizeof(item->trace_id)) &&
                      read_id(top, "span_id", item->span_id, sizeof(item->span_id));
    item->is_span =
        item->has_trace && (item->kind == TX_ITEM_FUNCTION || item->kind == TX_ITEM_SPAN);
    item->has_parent = item->is_span && read_id(top, "parent_span_id", item->parent_span_id,
                                                sizeof(item->parent_span_id));
}

static void read_source(const struct tx_read *read, struct tx_item *item) {
    struct tx_read_object source = tx_read_object(read, "source");

    item->process = tx_read_string(source, "comm");
    if (tx_read_u64(source, "pid", &item->pid) < 0)
        item->pid = 0;
}

int tx_item_read(const struct tx_read *read, struct tx_item *ret) {
    struct tx_read_object top = tx_read_top(read);
    struct tx_text time = tx_read_string(top, "time");
    struct tx_item item = {.read = read, .event = tx_read_string(top, "event")};
    const char *name = NULL;

    if (!item.event.p || !time.p || tx_time_decode(time, &item.time) < 0)
        return TX_ITEM_E_NONE;
    item.kind = kind_of(item.event);
    item.failed = is(tx_read_string(top, "outcome"), "failure");
    if (item.kind == TX_ITEM_FUNCTION)
        name = "code.function.name";
    else if (item.kind == TX_ITEM_SPAN)
        name = "span.name";
    item.name = name ? tx_item_text(&item, name) : item.event;
    if (!item.name.p)
        item.name = item.event;
    item.has_duration =
        tx_read_u64(tx_read_object(read, "data"), "duration_ns", &item.duration) == 0;
    item.thread = tx_item_number(&item, "thread.id");
    read_trace(top, &item);
    read_source(read, &item);
    *ret = item;
    return 0;
}
