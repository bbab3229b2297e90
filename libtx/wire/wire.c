/* SPDX-License-Identifier: MIT */
#include "libtx/wire/wire.h"

/*
 * One record within a RECORDS datagram (docs/wire.md):
 *   u32 length of what follows, u64 n, u8 flags, u8 outcome, u8 severity, u8 zero, i64 time,
 * id[16], event text16, [message text32], [correlation id text16], [trace_id[16] span_id[8]],
 * [parent[8]], u16 fields, each: u8 type, u8 label, name text16, value
 */

static const char magic[2] = {'T', 'X'};

enum {
    FLAG_RECEIPT = 1,
    FLAG_MESSAGE = 2,
    FLAG_CORRELATION = 4,
    FLAG_TRACE = 8,
    FLAG_PARENT = 16,
    FLAG_ALL = 31,
};

enum { COUNT_OFFSET = TX_WIRE_HEADER_BYTES + TX_WIRE_SECRET_BYTES };

static void put_header(struct tx_buf *b, enum tx_wire_type type) {
    tx_buf_put(b, magic, sizeof(magic));
    tx_buf_u8(b, TX_WIRE_VERSION);
    tx_buf_u8(b, (uint8_t)type);
    tx_buf_u32(b, 0); /* the length, when it is known */
}

/* Writes a number over bytes that are already there. */
static void put_at(struct tx_buf *b, size_t at, size_t width, uint64_t v) {
    struct tx_buf place = tx_buf_of(b->data + at, width);
    if (!b->full)
        tx_buf_uint(&place, width, v);
}

int tx_wire_header_take(struct tx_cursor *c, size_t n, uint8_t *ret_type) {
    const uint8_t *start;
    uint8_t version;
    uint32_t length;
    int r = tx_cursor_bytes(c, sizeof(magic), &start);

    if (r == 0)
        r = tx_cursor_u8(c, &version);
    if (r == 0)
        r = tx_cursor_u8(c, ret_type);
    if (r == 0)
        r = tx_cursor_u32(c, &length);
    if (r < 0 || memcmp(start, magic, sizeof(magic)) != 0)
        return -EBADMSG;
    if (version != TX_WIRE_VERSION)
        return -EPROTONOSUPPORT;
    return length == n ? 0 : -EBADMSG;
}

/* --- client → daemon --- */

static void put_text(struct tx_buf *b, size_t width, struct tx_text text) {
    if (width < 8 && text.n >> (8 * width)) {
        b->full = true;
        return;
    }
    tx_buf_uint(b, width, text.n);
    tx_buf_put(b, text.p, text.n);
}

void tx_wire_records_begin(struct tx_buf *b, const uint8_t secret[TX_WIRE_SECRET_BYTES]) {
    put_header(b, TX_WIRE_RECORDS);
    tx_buf_put(b, secret, TX_WIRE_SECRET_BYTES);
    tx_buf_u16(b, 0); /* the count, when it is known */
}

/* How many bytes a record takes, and whether its lengths fit the places that they have. */
struct sized {
    size_t n;
    uint64_t over16, over32; /* what does not fit into so many bits */
};

static inline void add_text(struct sized *s, size_t width, struct tx_text text) {
    s->n += width + text.n;
    if (width == 2)
        s->over16 |= text.n >> 16;
    else
        s->over32 |= text.n >> 32;
}

static inline void add_value(struct sized *s, const struct tx_field *field) {
    switch (field->type) {
    case TX_VALUE_STR:
    case TX_VALUE_BYTES:
    case TX_VALUE_JSON:
        add_text(s, 4, field->text);
        break;
    case TX_VALUE_I64:
    case TX_VALUE_U64:
    case TX_VALUE_F64:
        s->n += 8;
        break;
    case TX_VALUE_BOOL:
        s->n += 1;
        break;
    case TX_VALUE_NULL:
        break;
    case TX_VALUE_N:
        s->over32 = 1;
        break;
    }
}

static struct sized size_of_fields(const struct tx_record *record) {
    struct sized s = {.over16 = record->n_fields >> 16};

    for (size_t i = 0; i < record->n_fields; i++) {
        s.n += 2;
        add_text(&s, 2, record->fields[i].name);
        add_value(&s, &record->fields[i]);
    }
    return s;
}

static struct sized size_of(const struct tx_record *record) {
    struct sized s = size_of_fields(record);

    s.n += 4 + 8 + 4 + 8 + sizeof(record->id) + 2;
    add_text(&s, 2, record->event);
    if (record->message.p)
        add_text(&s, 4, record->message);
    if (record->correlation_id.p)
        add_text(&s, 2, record->correlation_id);
    s.n += record->has_trace ? sizeof(record->trace_id) + sizeof(record->span_id) : 0;
    s.n += record->has_parent ? sizeof(record->parent_span_id) : 0;
    return s;
}

size_t tx_wire_fields_bytes(const struct tx_record *record) {
    return size_of_fields(record).n;
}

size_t tx_wire_record_bytes(const struct tx_record *record) {
    return size_of(record).n;
}

/* Writing where there is room: each gives back the place behind what it wrote. */
static inline uint8_t *write_uint(uint8_t *to, size_t width, uint64_t v) {
    uint64_t little = htole64(v);
    memcpy(to, &little, width);
    return to + width;
}

/* Most texts are a few words long, for which a call costs more than the work. */
static inline uint8_t *write_bytes(uint8_t *to, const void *p, size_t n) {
    const uint8_t *from = p;
    uint64_t first, last;

    if (n > 16) {
        memcpy(to, from, n);
    } else if (n >= sizeof(first)) {
        memcpy(&first, from, sizeof(first));
        memcpy(&last, from + n - sizeof(last), sizeof(last));
        memcpy(to, &first, sizeof(first));
        memcpy(to + n - sizeof(last), &last, sizeof(last));
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = from[i];
    }
    return to + n;
}

static inline uint8_t *write_text(uint8_t *to, size_t width, struct tx_text text) {
    return write_bytes(write_uint(to, width, text.n), text.p, text.n);
}

static inline uint8_t *write_field(uint8_t *to, const struct tx_field *field) {
    to = write_uint(to, 2, (uint64_t)field->type | (uint64_t)field->label << 8);
    to = write_text(to, 2, field->name);
    switch (field->type) {
    case TX_VALUE_STR:
    case TX_VALUE_BYTES:
    case TX_VALUE_JSON:
        return write_text(to, 4, field->text);
    case TX_VALUE_I64:
    case TX_VALUE_U64:
    case TX_VALUE_F64: /* the three share their bytes */
        return write_uint(to, 8, field->u64);
    case TX_VALUE_BOOL:
        return write_uint(to, 1, field->boolean);
    case TX_VALUE_NULL:
    case TX_VALUE_N:
        break;
    }
    return to;
}

static void write_record(uint8_t *to, const struct tx_record *record, size_t n) {
    uint64_t flags =
        (record->wants_receipt ? FLAG_RECEIPT : 0u) | (record->message.p ? FLAG_MESSAGE : 0u) |
        (record->correlation_id.p ? FLAG_CORRELATION : 0u) | (record->has_trace ? FLAG_TRACE : 0u) |
        (record->has_parent ? FLAG_PARENT : 0u);

    to = write_uint(to, 4, n - 4);
    to = write_uint(to, 8, record->n);
    to = write_uint(to, 4,
                    flags | (uint64_t)(uint8_t)record->outcome << 8 |
                        (uint64_t)(uint8_t)record->severity << 16);
    to = write_uint(to, 8, (uint64_t)record->time);
    to = write_bytes(to, record->id, sizeof(record->id));
    to = write_text(to, 2, record->event);
    if (record->message.p)
        to = write_text(to, 4, record->message);
    if (record->correlation_id.p)
        to = write_text(to, 2, record->correlation_id);
    if (record->has_trace) {
        to = write_bytes(to, record->trace_id, sizeof(record->trace_id));
        to = write_bytes(to, record->span_id, sizeof(record->span_id));
    }
    if (record->has_parent)
        to = write_bytes(to, record->parent_span_id, sizeof(record->parent_span_id));
    to = write_uint(to, 2, record->n_fields);
    for (size_t i = 0; i < record->n_fields; i++)
        to = write_field(to, &record->fields[i]);
}

void tx_wire_records_add(struct tx_buf *b, const struct tx_record *record) {
    struct sized s = size_of(record);
    if (s.over16 || s.over32) {
        b->full = true;
        return;
    }
    uint8_t *to = tx_buf_reserve(b, s.n);
    if (!to)
        return;
    write_record(to, record, s.n);
}

int tx_wire_records_end(struct tx_buf *b, uint16_t count) {
    if (b->full || b->len > TX_LIMIT_DATAGRAM_BYTES)
        return -EMSGSIZE;
    put_at(b, 4, 4, b->len);
    put_at(b, COUNT_OFFSET, 2, count);
    return 0;
}

/* --- the reader's side --- */

int tx_wire_records_open(const void *datagram, size_t n, struct tx_wire_records *ret) {
    struct tx_cursor c = tx_cursor_of(datagram, n);
    const uint8_t *secret;
    uint16_t count;
    uint8_t type;

    if (n > TX_LIMIT_DATAGRAM_BYTES)
        return -EBADMSG;
    int r = tx_wire_header_take(&c, n, &type);
    if (r < 0)
        return r;
    if (type != TX_WIRE_RECORDS || tx_cursor_bytes(&c, TX_WIRE_SECRET_BYTES, &secret) < 0 ||
        tx_cursor_u16(&c, &count) < 0 || count == 0 || count > TX_LIMIT_BATCH_RECORDS)
        return -EBADMSG;
    memcpy(ret->secret, secret, TX_WIRE_SECRET_BYTES);
    ret->n_left = count;
    ret->cursor = c;
    return 0;
}

static int take_text(struct tx_cursor *c, size_t width, struct tx_text *ret) {
    uint64_t n;
    const uint8_t *p;
    int r = tx_cursor_uint(c, width, &n);
    if (r == 0)
        r = tx_cursor_bytes(c, n, &p);
    if (r == 0)
        *ret = (struct tx_text){.p = (const char *)p, .n = n};
    return r;
}

static int take_copy(struct tx_cursor *c, uint8_t *ret, size_t n) {
    const uint8_t *p;
    int r = tx_cursor_bytes(c, n, &p);
    if (r == 0)
        memcpy(ret, p, n);
    return r;
}

static int take_value(struct tx_cursor *c, struct tx_field *ret) {
    uint64_t bits;
    uint8_t byte;
    int r = 0;

    switch (ret->type) {
    case TX_VALUE_STR:
    case TX_VALUE_BYTES:
    case TX_VALUE_JSON:
        return take_text(c, 4, &ret->text);
    case TX_VALUE_I64:
    case TX_VALUE_U64:
    case TX_VALUE_F64:
        r = tx_cursor_u64(c, &bits);
        if (r == 0)
            memcpy(&ret->u64, &bits, sizeof(bits)); /* the three share their bytes */
        return r;
    case TX_VALUE_BOOL:
        r = tx_cursor_u8(c, &byte);
        if (r < 0 || byte > 1)
            return -EBADMSG;
        ret->boolean = byte == 1;
        return 0;
    case TX_VALUE_NULL:
        return 0;
    case TX_VALUE_N:
        break;
    }
    return -EBADMSG;
}

static int take_field(struct tx_cursor *c, struct tx_field *ret) {
    uint8_t type, label;

    if (tx_cursor_u8(c, &type) < 0 || tx_cursor_u8(c, &label) < 0 || type >= TX_VALUE_N ||
        label >= TX_LABEL_N)
        return -EBADMSG;
    *ret = (struct tx_field){.type = (enum tx_value_type)type, .label = (enum tx_value_label)label};
    if (take_text(c, 2, &ret->name) < 0)
        return -EBADMSG;
    return take_value(c, ret);
}

static int take_fixed(struct tx_cursor *c, bool with_id, struct tx_record *ret,
                      uint8_t *ret_flags) {
    uint8_t outcome, severity, zero;
    uint64_t time;

    if (tx_cursor_u64(c, &ret->n) < 0 || tx_cursor_u8(c, ret_flags) < 0 ||
        tx_cursor_u8(c, &outcome) < 0 || tx_cursor_u8(c, &severity) < 0 ||
        tx_cursor_u8(c, &zero) < 0 || tx_cursor_u64(c, &time) < 0 ||
        (with_id && take_copy(c, ret->id, sizeof(ret->id)) < 0))
        return -EBADMSG;
    if ((*ret_flags & ~FLAG_ALL) || zero || outcome >= TX_OUTCOME_N || severity >= TX_SEVERITY_N)
        return -EBADMSG;
    ret->time = (int64_t)time;
    ret->outcome = (enum tx_record_outcome)outcome;
    ret->severity = (enum tx_record_severity)severity;
    ret->wants_receipt = *ret_flags & FLAG_RECEIPT;
    ret->has_trace = *ret_flags & FLAG_TRACE;
    ret->has_parent = *ret_flags & FLAG_PARENT;
    return 0;
}

static int take_texts(struct tx_cursor *c, uint8_t flags, struct tx_record *ret) {
    int r = take_text(c, 2, &ret->event);
    if (r == 0 && flags & FLAG_MESSAGE)
        r = take_text(c, 4, &ret->message);
    if (r == 0 && flags & FLAG_CORRELATION)
        r = take_text(c, 2, &ret->correlation_id);
    if (r == 0 && flags & FLAG_TRACE)
        r = take_copy(c, ret->trace_id, sizeof(ret->trace_id));
    if (r == 0 && flags & FLAG_TRACE)
        r = take_copy(c, ret->span_id, sizeof(ret->span_id));
    if (r == 0 && flags & FLAG_PARENT)
        r = take_copy(c, ret->parent_span_id, sizeof(ret->parent_span_id));
    return r;
}

static int take_record(struct tx_cursor *c, bool with_id, struct tx_field *fields,
                       struct tx_record *ret) {
    uint16_t n_fields;
    uint8_t flags;

    if (take_fixed(c, with_id, ret, &flags) < 0 || take_texts(c, flags, ret) < 0 ||
        tx_cursor_u16(c, &n_fields) < 0)
        return -EBADMSG;
    if (n_fields > TX_LIMIT_FIELDS)
        return -E2BIG;
    for (size_t i = 0; i < n_fields; i++)
        if (take_field(c, &fields[i]) < 0)
            return -EBADMSG;
    ret->fields = fields;
    ret->n_fields = n_fields;
    return c->n == 0 ? 0 : -EBADMSG;
}

int tx_wire_records_next(struct tx_wire_records *records, struct tx_field *fields,
                         struct tx_record *ret) {
    struct tx_record record = {.n = 0};
    struct tx_text bytes;

    if (records->n_left == 0)
        return records->cursor.n == 0 ? TX_WIRE_E_END : -EBADMSG;
    if (take_text(&records->cursor, 4, &bytes) < 0)
        return -EBADMSG;
    struct tx_cursor c = tx_cursor_of(bytes.p, bytes.n);
    int r = take_record(&c, true, fields, &record);
    if (r == -EBADMSG)
        return r;
    records->n_left--;
    *ret = record;
    return r;
}

int tx_wire_frame_take(const void *frame, size_t n, struct tx_field *fields,
                       struct tx_record *ret) {
    struct tx_cursor c = tx_cursor_of(frame, n);
    struct tx_record record = {.n = 0};

    int r = take_record(&c, false, fields, &record);
    if (r == -EBADMSG || record.wants_receipt)
        return -EBADMSG;
    *ret = record;
    return r;
}

/* --- daemon → client --- */

void tx_wire_reply_render(const struct tx_wire_reply *reply, struct tx_buf *b) {
    size_t start = b->len;

    put_header(b, reply->type);
    switch (reply->type) {
    case TX_WIRE_WELCOME:
        tx_buf_u32(b, reply->max_bytes);
        break;
    case TX_WIRE_ACK:
        tx_buf_u64(b, reply->n);
        break;
    case TX_WIRE_RECEIPT:
        tx_buf_u64(b, reply->n);
        tx_buf_u64(b, reply->seq);
        tx_buf_put(b, reply->leaf, sizeof(reply->leaf));
        break;
    case TX_WIRE_REJECT:
        tx_buf_u64(b, reply->n);
        tx_buf_u32(b, reply->error);
        put_text(b, 2, reply->reason);
        break;
    case TX_WIRE_RECORDS:
    case TX_WIRE_RING:
    case TX_WIRE_BELL:
    case TX_WIRE_POLICY:
        b->full = true;
        break;
    }
    put_at(b, start + 4, 4, b->len - start);
}

static int take_reply(struct tx_cursor *c, struct tx_wire_reply *ret) {
    int r = -EBADMSG;

    switch (ret->type) {
    case TX_WIRE_WELCOME:
        return tx_cursor_u32(c, &ret->max_bytes);
    case TX_WIRE_ACK:
        return tx_cursor_u64(c, &ret->n);
    case TX_WIRE_RECEIPT:
        r = tx_cursor_u64(c, &ret->n);
        if (r == 0)
            r = tx_cursor_u64(c, &ret->seq);
        return r == 0 ? take_copy(c, ret->leaf, sizeof(ret->leaf)) : r;
    case TX_WIRE_REJECT:
        r = tx_cursor_u64(c, &ret->n);
        if (r == 0)
            r = tx_cursor_u32(c, &ret->error);
        return r == 0 ? take_text(c, 2, &ret->reason) : r;
    case TX_WIRE_RECORDS:
    case TX_WIRE_RING:
    case TX_WIRE_BELL:
    case TX_WIRE_POLICY:
        break;
    }
    return r;
}

int tx_wire_reply_parse(const void *datagram, size_t n, struct tx_wire_reply *ret) {
    struct tx_cursor c = tx_cursor_of(datagram, n);
    struct tx_wire_reply reply = {.n = 0};
    uint8_t type;
    int r = tx_wire_header_take(&c, n, &type);

    if (r < 0)
        return -EBADMSG;
    reply.type = (enum tx_wire_type)type;
    r = take_reply(&c, &reply);
    if (r < 0 || c.n != 0)
        return -EBADMSG;
    *ret = reply;
    return 0;
}
