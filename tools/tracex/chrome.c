/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tools/tracex/export.h"

#define DAY INT64_C(86400000000000)

static void put_text(struct tx_buf *b, struct tx_text text) {
    tx_buf_json_string(b, text.p, text.n);
}

/* Microseconds with three digits behind the point. */
static void put_us(struct tx_buf *b, int64_t ns) {
    char memory[40];
    uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    snprintf(memory, sizeof(memory), "%s%llu.%03u", ns < 0 ? "-" : "",
             (unsigned long long)(size / 1000), (unsigned)(size % 1000));
    tx_buf_str(b, memory);
}

static void put_id(struct tx_buf *b, const char *name, const uint8_t *id, size_t n) {
    tx_buf_str(b, name);
    tx_buf_hex(b, id, n);
    tx_buf_char(b, '"');
}

static void begin_event(struct tx_chrome *chrome, struct tx_buf *b, const char *phase) {
    tx_buf_str(b, chrome->any ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
    tx_buf_str(b, phase);
    tx_buf_char(b, '"');
    chrome->any = true;
}

static void put_place(struct tx_buf *b, const struct tx_item *item) {
    tx_buf_str(b, ",\"pid\":");
    tx_buf_dec(b, item->pid);
    tx_buf_str(b, ",\"tid\":");
    tx_buf_dec(b, item->thread ? item->thread : item->pid);
}

/* Once for each process, under the name that it had. */
static int name_process(struct tx_chrome *chrome, const struct tx_item *item, struct tx_buf *b) {
    char memory[64];
    uint32_t n = chrome->processes.n, number;
    struct tx_text name = item->process.p ? item->process : TX_TEXT("?");

    struct tx_buf key = tx_buf_of(memory, sizeof(memory));
    tx_buf_u64(&key, item->pid);
    tx_buf_put(&key, name.p, name.n < 32 ? name.n : 32);
    int r = tx_names_add(&chrome->processes, (struct tx_text){memory, key.len}, &number);
    if (r < 0 || number < n)
        return r;
    begin_event(chrome, b, "M");
    tx_buf_str(b, ",\"name\":\"process_name\"");
    put_place(b, item);
    tx_buf_str(b, ",\"args\":{\"name\":");
    put_text(b, name);
    tx_buf_str(b, "}}");
    return 0;
}

static void put_args(struct tx_buf *b, const struct tx_item *item) {
    struct tx_read_object data = tx_read_object(item->read, "data"), top = tx_read_top(item->read);
    static const char *const told[] = {"seq", "outcome", "message", "correlation_id",
                                       "parent_span_id"};

    tx_buf_str(b, ",\"args\":{\"event\":");
    put_text(b, item->event);
    if (item->has_trace) {
        put_id(b, ",\"trace_id\":\"", item->trace_id, sizeof(item->trace_id));
        put_id(b, ",\"span_id\":\"", item->span_id, sizeof(item->span_id));
    }
    for (size_t i = 0; i < TX_COUNT_OF(told); i++) {
        struct tx_text name = {told[i], strlen(told[i])};
        const struct tx_read_value *value = tx_read_find(top, name);
        if (!value)
            continue;
        tx_buf_char(b, ',');
        put_text(b, name);
        tx_buf_char(b, ':');
        tx_buf_put(b, value->raw.p, value->raw.n);
    }
    tx_buf_str(b, ",\"data\":{");
    for (size_t i = 0; i < data.n_members; i++) {
        tx_buf_str(b, i > 0 ? "," : "");
        put_text(b, data.members[i].name);
        tx_buf_char(b, ':');
        tx_buf_put(b, data.members[i].value.raw.p, data.members[i].value.raw.n);
    }
    tx_buf_str(b, "}}");
}

static void put_event(struct tx_chrome *chrome, const struct tx_item *item, const char *phase,
                      int64_t time, bool with_args, struct tx_buf *b) {
    begin_event(chrome, b, phase);
    tx_buf_str(b, ",\"name\":");
    put_text(b, item->name);
    tx_buf_str(b, ",\"cat\":");
    put_text(b, item->event);
    tx_buf_str(b, ",\"ts\":");
    put_us(b, time - chrome->base);
    put_place(b, item);
    if (phase[0] == 'b' || phase[0] == 'e')
        put_id(b, ",\"id\":\"", item->trace_id, sizeof(item->trace_id));
    if (phase[0] == 'X') {
        tx_buf_str(b, ",\"dur\":");
        put_us(b, (int64_t)item->duration);
    }
    if (phase[0] == 'i')
        tx_buf_str(b, ",\"s\":\"t\"");
    if (with_args)
        put_args(b, item);
    tx_buf_char(b, '}');
}

void tx_chrome_begin(struct tx_buf *b) {
    tx_buf_str(b, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
}

/* A thread's functions lie within each other; spans may begin and end anywhere, and have a track of
 * their own for each trace. */
int tx_chrome_put(struct tx_chrome *chrome, const struct tx_item *item, struct tx_buf *b) {
    /* Small, so that a reader with doubles keeps the nanoseconds. */
    if (!chrome->any)
        chrome->base = item->time - item->time % DAY - DAY;
    int r = name_process(chrome, item, b);
    if (r < 0)
        return r;
    int64_t end;
    bool lasts = item->has_duration && item->duration <= INT64_MAX &&
                 !__builtin_add_overflow(item->time, (int64_t)item->duration, &end);
    if (lasts && item->kind == TX_ITEM_SPAN && item->has_trace) {
        put_event(chrome, item, "b", item->time, true, b);
        put_event(chrome, item, "e", end, false, b);
    } else {
        put_event(chrome, item, lasts ? "X" : "i", item->time, true, b);
    }
    return 0;
}

void tx_chrome_end(const struct tx_chrome *chrome, struct tx_buf *b) {
    tx_buf_str(b, "\n],\"otherData\":{\"base\":\"");
    tx_buf_time(b, chrome->base);
    tx_buf_str(b, "\"}}\n");
}

void tx_chrome_deinit(struct tx_chrome *chrome) {
    tx_names_deinit(&chrome->processes);
}
