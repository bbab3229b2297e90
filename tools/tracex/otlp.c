/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "tools/tracex/export.h"

/* Records of a line at most: a reader takes a line whole. */
#define OPEN_MAX 256u

static void put_text(struct tx_buf *b, struct tx_text text) {
    tx_buf_json_string(b, text.p, text.n);
}

static void put_hex(struct tx_buf *b, const char *name, const uint8_t *id, size_t n) {
    tx_buf_str(b, name);
    tx_buf_hex(b, id, n);
    tx_buf_char(b, '"');
}

/* 64-bit numbers are strings in protobuf's JSON. */
static void put_quoted(struct tx_buf *b, const char *name, uint64_t number) {
    tx_buf_str(b, name);
    tx_buf_dec(b, number);
    tx_buf_char(b, '"');
}

/* --- attributes --- */

static bool is_int64(struct tx_text raw) {
    uint64_t number;
    bool negative = raw.n > 0 && raw.p[0] == '-';
    if (tx_dec_decode((struct tx_text){raw.p + negative, raw.n - negative}, &number) < 0)
        return false;
    return number <= (uint64_t)INT64_MAX;
}

/* What a double would change, a whole number past 64 bits or one past its range, is a text. */
static bool is_double(struct tx_text raw) {
    char memory[400];
    if (raw.n >= sizeof(memory) ||
        !(memchr(raw.p, '.', raw.n) || memchr(raw.p, 'e', raw.n) || memchr(raw.p, 'E', raw.n)))
        return false;
    memcpy(memory, raw.p, raw.n);
    memory[raw.n] = '\0';
    return isfinite(strtod(memory, NULL));
}

static void put_number(struct tx_buf *b, struct tx_text raw) {
    bool bare = is_double(raw);
    tx_buf_str(b, bare            ? "{\"doubleValue\":"
                  : is_int64(raw) ? "{\"intValue\":\""
                                  : "{\"stringValue\":\"");
    tx_buf_put(b, raw.p, raw.n);
    tx_buf_str(b, bare ? "}" : "\"}");
}

static void put_value(struct tx_buf *b, const struct tx_read_value *value) {
    switch (value->type) {
    case TX_READ_NUMBER:
        put_number(b, value->raw);
        return;
    case TX_READ_BOOL:
        tx_buf_str(b, "{\"boolValue\":");
        tx_buf_put(b, value->raw.p, value->raw.n);
        break;
    case TX_READ_NULL:
        tx_buf_char(b, '{');
        break;
    default:
        tx_buf_str(b, "{\"stringValue\":");
        put_text(b, value->text);
        break;
    }
    tx_buf_char(b, '}');
}

static void begin_attribute(struct tx_buf *b, bool *first, struct tx_text name) {
    tx_buf_str(b, *first ? "{\"key\":" : ",{\"key\":");
    *first = false;
    put_text(b, name);
    tx_buf_str(b, ",\"value\":");
}

static void put_member(struct tx_buf *b, bool *first, struct tx_read_object object,
                       const char *name, const char *key) {
    const struct tx_read_value *value = tx_read_find(object, (struct tx_text){name, strlen(name)});
    if (!value)
        return;
    begin_attribute(b, first, (struct tx_text){key, strlen(key)});
    put_value(b, value);
    tx_buf_char(b, '}');
}

static void put_attributes(struct tx_buf *b, const struct tx_item *item) {
    struct tx_read_object top = tx_read_top(item->read), data = tx_read_object(item->read, "data");
    bool first = true;

    tx_buf_str(b, ",\"attributes\":[");
    for (size_t i = 0; i < data.n_members; i++) {
        begin_attribute(b, &first, data.members[i].name);
        put_value(b, &data.members[i].value);
        tx_buf_char(b, '}');
    }
    put_member(b, &first, top, "correlation_id", "correlation_id");
    put_member(b, &first, top, "outcome", "tracex.outcome");
    put_member(b, &first, top, "seq", "tracex.seq");
    tx_buf_char(b, ']');
}

/* --- a span --- */

static unsigned kind_of(const struct tx_item *item) {
    static const char *const kinds[] = {"", "internal", "server", "client", "producer", "consumer"};
    struct tx_text kind = tx_item_text(item, "span.kind");
    for (unsigned i = 1; i < TX_COUNT_OF(kinds); i++)
        if (tx_text_equal(kind, (struct tx_text){kinds[i], strlen(kinds[i])}))
            return i;
    return 1;
}

static unsigned status_of(const struct tx_item *item) {
    struct tx_text status = tx_item_text(item, "span.status");
    if (item->failed)
        return 2;
    return status.p && tx_text_equal(status, TX_TEXT("ok")) ? 1 : 0;
}

static void put_link(struct tx_buf *b, const json_t *link, bool *first) {
    const char *trace = json_string_value(json_object_get(link, "trace_id"));
    const char *span = json_string_value(json_object_get(link, "span_id"));
    uint8_t trace_id[16], span_id[8];

    if (!trace || !span ||
        tx_hex_decode((struct tx_text){trace, strlen(trace)}, trace_id, sizeof(trace_id)) < 0 ||
        tx_hex_decode((struct tx_text){span, strlen(span)}, span_id, sizeof(span_id)) < 0)
        return;
    tx_buf_str(b, *first ? "{" : ",{");
    *first = false;
    put_hex(b, "\"traceId\":\"", trace_id, sizeof(trace_id));
    put_hex(b, ",\"spanId\":\"", span_id, sizeof(span_id));
    tx_buf_char(b, '}');
}

static void put_links(struct tx_buf *b, const struct tx_item *item) {
    struct tx_text text = tx_item_text(item, "span.links");
    const json_t *link;
    bool first = true;
    size_t i;

    json_t *links = text.p ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    if (!links)
        return;
    tx_buf_str(b, ",\"links\":[");
    json_array_foreach(links, i, link) {
        put_link(b, link, &first);
    }
    tx_buf_char(b, ']');
    json_decref(links);
}

static void put_span(struct tx_buf *b, const struct tx_item *item) {
    struct tx_text message = tx_read_string(tx_read_top(item->read), "message");
    uint64_t begin = item->time > 0 ? (uint64_t)item->time : 0, end;

    if (__builtin_add_overflow(begin, item->duration, &end))
        end = UINT64_MAX;
    put_hex(b, "{\"traceId\":\"", item->trace_id, sizeof(item->trace_id));
    put_hex(b, ",\"spanId\":\"", item->span_id, sizeof(item->span_id));
    if (item->has_parent)
        put_hex(b, ",\"parentSpanId\":\"", item->parent_span_id, sizeof(item->parent_span_id));
    tx_buf_str(b, ",\"name\":");
    put_text(b, item->name);
    tx_buf_str(b, ",\"kind\":");
    tx_buf_dec(b, kind_of(item));
    put_quoted(b, ",\"startTimeUnixNano\":\"", begin);
    put_quoted(b, ",\"endTimeUnixNano\":\"", end);
    put_attributes(b, item);
    put_links(b, item);
    tx_buf_str(b, ",\"status\":{\"code\":");
    tx_buf_dec(b, status_of(item));
    if (message.p && item->failed) {
        tx_buf_str(b, ",\"message\":");
        put_text(b, message);
    }
    tx_buf_str(b, "}}");
}

/* --- a log record --- */

/* The numbers of OpenTelemetry's log data model, of syslog's severities. */
static unsigned severity_of(struct tx_text severity) {
    static const struct {
        const char *name;
        unsigned number;
    } known[] = {{"debug", 5},  {"info", 9},      {"notice", 10}, {"warning", 13},
                 {"error", 17}, {"critical", 18}, {"alert", 19},  {"emergency", 21}};
    for (size_t i = 0; i < TX_COUNT_OF(known); i++)
        if (tx_text_equal(severity, (struct tx_text){known[i].name, strlen(known[i].name)}))
            return known[i].number;
    return 9;
}

static void put_log(struct tx_buf *b, const struct tx_item *item) {
    struct tx_read_object top = tx_read_top(item->read);
    struct tx_text message = tx_read_string(top, "message");
    struct tx_text severity = tx_read_string(top, "severity");

    put_quoted(b, "{\"timeUnixNano\":\"", item->time > 0 ? (uint64_t)item->time : 0);
    tx_buf_str(b, ",\"severityNumber\":");
    tx_buf_dec(b, severity_of(severity));
    if (severity.p) {
        tx_buf_str(b, ",\"severityText\":");
        put_text(b, severity);
    }
    tx_buf_str(b, ",\"eventName\":");
    put_text(b, item->event);
    tx_buf_str(b, ",\"body\":{\"stringValue\":");
    put_text(b, message.p ? message : item->event);
    tx_buf_char(b, '}');
    put_attributes(b, item);
    if (item->has_trace) {
        put_hex(b, ",\"traceId\":\"", item->trace_id, sizeof(item->trace_id));
        put_hex(b, ",\"spanId\":\"", item->span_id, sizeof(item->span_id));
    }
    tx_buf_char(b, '}');
}

/* --- a line --- */

static void begin_line(struct tx_buf *b, const struct tx_item *item) {
    struct tx_read_object top = tx_read_top(item->read);
    struct tx_read_object source = tx_read_object(item->read, "source");
    bool first = true;

    tx_buf_str(b, item->is_span ? "{\"resourceSpans\":[" : "{\"resourceLogs\":[");
    tx_buf_str(b, "{\"resource\":{\"attributes\":[");
    put_member(b, &first, source, "comm", "service.name");
    if (first)
        put_member(b, &first, top, "by", "service.name");
    put_member(b, &first, source, "pid", "process.pid");
    put_member(b, &first, source, "exe", "process.executable.path");
    put_member(b, &first, source, "uid", "process.owner.id");
    put_member(b, &first, top, "host", "host.name");
    tx_buf_str(b, item->is_span ? "]},\"scopeSpans\":[{\"scope\":{\"name\":\"tracex\"},\"spans\":["
                                : "]},\"scopeLogs\":[{\"scope\":{\"name\":\"tracex\"},"
                                  "\"logRecords\":[");
}

static bool fits_line(const struct tx_otlp *otlp, const struct tx_item *item) {
    return otlp->n_open < OPEN_MAX && otlp->open_spans == item->is_span && otlp->pid == item->pid &&
           otlp->n_comm == item->process.n &&
           (otlp->n_comm == 0 || memcmp(otlp->comm, item->process.p, otlp->n_comm) == 0);
}

static void remember(struct tx_otlp *otlp, const struct tx_item *item) {
    otlp->open_spans = item->is_span;
    otlp->pid = item->pid;
    otlp->n_comm = item->process.n;
    if (otlp->n_comm > 0 && otlp->n_comm <= sizeof(otlp->comm))
        memcpy(otlp->comm, item->process.p, otlp->n_comm);
    else if (otlp->n_comm > 0)
        otlp->n_open = OPEN_MAX; /* a name that cannot be compared: a line of its own */
}

void tx_otlp_end(struct tx_otlp *otlp, struct tx_buf *b) {
    if (otlp->n_open > 0)
        tx_buf_str(b, "]}]}]}\n");
    otlp->n_open = 0;
}

void tx_otlp_put(struct tx_otlp *otlp, const struct tx_item *item, struct tx_buf *b) {
    if (otlp->n_open > 0 && !fits_line(otlp, item))
        tx_otlp_end(otlp, b);
    if (otlp->n_open == 0)
        begin_line(b, item);
    else
        tx_buf_char(b, ',');
    if (item->is_span)
        put_span(b, item);
    else
        put_log(b, item);
    otlp->n_open++;
    remember(otlp, item);
}
