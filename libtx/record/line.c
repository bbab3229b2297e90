/* SPDX-License-Identifier: MIT */
#include "libtx/record/line.h"

#include "libtx/record/cut.h"
#include "libtx/record/escape.h"
#include "libtx/record/number.h"

/* One line being written: `cut` is NULL in the usual case, in which everything fits. */
struct line {
    const struct tx_record *record;
    struct tx_text host;
    const struct tx_cut *cut;
    struct tx_buf *b;
    bool bare; /* without message and fields: to learn what the rest takes */
};

#define PUT(b, literal) tx_buf_put((b), (literal), sizeof(literal) - 1)

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = strlen(text)};
}

static bool has_data(const struct line *l) {
    return l->record->dropped_by || (l->record->n_fields > 0 && !l->bare);
}

static size_t n_fields(const struct line *l) {
    if (l->record->dropped_by || l->bare)
        return 0;
    return l->cut ? l->cut->n_fields : l->record->n_fields;
}

static bool is_cut(const struct line *l, size_t field) {
    return l->cut && l->cut->fields[field];
}

/* --- the parts, in their order --- */

static void put_head(const struct line *l) {
    const struct tx_record *record = l->record;
    struct tx_buf *b = l->b;

    PUT(b, "\"id\":\"");
    tx_buf_uuid(b, record->id);
    PUT(b, "\",\"time\":\"");
    tx_buf_time(b, record->time);
    PUT(b, "\",\"lag_us\":");
    /* Each divided by itself: the difference of any two times would not fit. */
    tx_buf_dec_signed(b, record->received / 1000 - record->time / 1000);
    PUT(b, ",\"event\":");
    tx_escape_put_quoted(b, record->event);
    PUT(b, ",\"outcome\":\"");
    tx_buf_str(b, tx_outcome_name(record->outcome));
    PUT(b, "\",\"severity\":\"");
    tx_buf_str(b, tx_severity_name(record->severity));
    PUT(b, "\"");
}

static void put_message(const struct line *l) {
    struct tx_text message = l->record->message;

    if (!message.p || l->bare || l->record->dropped_by)
        return;
    if (l->cut && l->cut->message)
        message = tx_cut_text(message, TX_VALUE_STR, l->cut->level);
    PUT(l->b, ",\"message\":");
    tx_escape_put_quoted(l->b, message);
}

static void put_proven(struct tx_buf *b, struct tx_text name, struct tx_text value) {
    if (value.n == 0)
        return;
    tx_buf_put(b, name.p, name.n);
    tx_escape_put_quoted(b, value);
}

static void put_source(const struct line *l) {
    const struct tx_source *source = &l->record->source;
    struct tx_buf *b = l->b;

    if (l->host.n) {
        PUT(b, ",\"host\":");
        tx_escape_put_quoted(b, l->host);
    }
    PUT(b, ",\"source\":{\"client\":\"");
    tx_buf_hex(b, source->client, sizeof(source->client));
    PUT(b, "\",\"n\":");
    tx_buf_dec(b, l->record->n);
    PUT(b, ",\"pid\":");
    tx_buf_dec(b, source->pid);
    PUT(b, ",\"uid\":");
    tx_buf_dec(b, source->uid);
    PUT(b, ",\"gid\":");
    tx_buf_dec(b, source->gid);
    put_proven(b, TX_TEXT(",\"comm\":"), source->comm);
    put_proven(b, TX_TEXT(",\"exe\":"), source->exe);
    put_proven(b, TX_TEXT(",\"unit\":"), source->unit);
    PUT(b, "}");
}

static void put_trace(const struct line *l) {
    const struct tx_record *record = l->record;
    struct tx_buf *b = l->b;

    if (record->correlation_id.p && !record->dropped_by) {
        PUT(b, ",\"correlation_id\":");
        tx_escape_put_quoted(b, record->correlation_id);
    }
    if (record->has_trace) {
        PUT(b, ",\"trace_id\":\"");
        tx_buf_hex(b, record->trace_id, sizeof(record->trace_id));
        PUT(b, "\",\"span_id\":\"");
        tx_buf_hex(b, record->span_id, sizeof(record->span_id));
        PUT(b, "\"");
    }
    if (record->has_parent) {
        PUT(b, ",\"parent_span_id\":\"");
        tx_buf_hex(b, record->parent_span_id, sizeof(record->parent_span_id));
        PUT(b, "\"");
    }
}

static void put_cut_value(struct tx_buf *b, const struct tx_field *field, size_t level) {
    struct tx_text text = tx_cut_text(field->text, field->type, level);

    tx_buf_char(b, '"');
    if (field->type == TX_VALUE_BYTES)
        tx_buf_base64(b, text.p, text.n);
    else
        tx_escape_put(b, text);
    tx_buf_char(b, '"');
}

static void put_value(struct tx_buf *b, const struct tx_field *field) {
    switch (field->type) {
    case TX_VALUE_STR:
        tx_escape_put_quoted(b, field->text);
        break;
    case TX_VALUE_BYTES:
        tx_buf_char(b, '"');
        tx_buf_base64(b, field->text.p, field->text.n);
        tx_buf_char(b, '"');
        break;
    case TX_VALUE_JSON:
        tx_buf_put(b, field->text.p, field->text.n);
        break;
    case TX_VALUE_I64:
        tx_buf_dec_signed(b, field->i64);
        break;
    case TX_VALUE_U64:
        tx_buf_dec(b, field->u64);
        break;
    case TX_VALUE_F64:
        tx_buf_f64(b, field->f64);
        break;
    case TX_VALUE_BOOL:
        tx_buf_str(b, field->boolean ? "true" : "false");
        break;
    case TX_VALUE_NULL:
    case TX_VALUE_N:
        PUT(b, "null");
        break;
    }
}

static void put_data(const struct line *l) {
    bool first = true;

    if (!has_data(l))
        return;
    PUT(l->b, ",\"data\":{");
    for (size_t i = 0; i < n_fields(l); i++) {
        const struct tx_field *field = &l->record->fields[i];
        if (field->dropped)
            continue;
        if (!first)
            PUT(l->b, ",");
        first = false;
        tx_escape_put_quoted(l->b, field->name);
        PUT(l->b, ":");
        if (is_cut(l, i))
            put_cut_value(l->b, field, l->cut->level);
        else
            put_value(l->b, field);
    }
    PUT(l->b, "}");
}

/* --- masked --- */

/* Commas between entries, and between the marks of one entry. */
struct entries {
    const struct line *line;
    bool any;
    bool within;
};

static void entry_begin(struct entries *e, struct tx_text name) {
    tx_buf_str(e->line->b, e->any ? "," : ",\"masked\":{");
    tx_escape_put_quoted(e->line->b, name);
    PUT(e->line->b, ":\"");
    e->any = true;
    e->within = false;
}

static void entry_add(struct entries *e, struct tx_text mark) {
    if (e->within)
        PUT(e->line->b, ",");
    e->within = true;
    tx_escape_put(e->line->b, mark);
}

static void entry_add_cut(struct entries *e, uint64_t bytes) {
    entry_add(e, TX_TEXT("cut:"));
    tx_buf_dec(e->line->b, bytes);
}

static void entry_end(struct entries *e) {
    PUT(e->line->b, "\"");
}

static void add_field_marks(struct entries *e, size_t i) {
    const struct tx_field *field = &e->line->record->fields[i];

    if (field->masked && field->masked[0])
        entry_add(e, text_of(field->masked));
    if (is_cut(e->line, i))
        entry_add_cut(e, field->text.n);
}

static bool has_marks(const struct line *l, size_t i) {
    const struct tx_field *field = &l->record->fields[i];
    return (field->masked && field->masked[0]) || is_cut(l, i);
}

/* The texts beside the fields that can have marks. A field of the same name shares the entry. */
enum beside { MESSAGE, CORRELATION_ID, COMM, EXE, UNIT, N_BESIDE };

static const struct tx_text beside_names[N_BESIDE] = {
    [MESSAGE] = TX_TEXT("message"), [CORRELATION_ID] = TX_TEXT("correlation_id"),
    [COMM] = TX_TEXT("comm"),       [EXE] = TX_TEXT("exe"),
    [UNIT] = TX_TEXT("unit"),
};

struct beside_marks {
    struct tx_text masked[N_BESIDE]; /* n == 0: none */
    bool message_is_cut;
};

static bool has_beside(const struct beside_marks *marks, size_t which) {
    return marks->masked[which].n || (which == MESSAGE && marks->message_is_cut);
}

static struct beside_marks collect_beside(const struct line *l) {
    const struct tx_record_masked *masked = &l->record->masked;
    const char *const texts[N_BESIDE] = {
        [MESSAGE] = l->record->dropped_by ? NULL : masked->message,
        [CORRELATION_ID] = l->record->dropped_by ? NULL : masked->correlation_id,
        [COMM] = masked->comm,
        [EXE] = masked->exe,
        [UNIT] = masked->unit,
    };
    struct beside_marks marks = {.message_is_cut = l->cut && l->cut->message};

    for (size_t i = 0; i < N_BESIDE; i++)
        if (texts[i])
            marks.masked[i] = text_of(texts[i]);
    return marks;
}

static void put_beside(struct entries *e, const struct beside_marks *marks) {
    for (size_t which = 0; which < N_BESIDE; which++) {
        if (!has_beside(marks, which))
            continue;
        entry_begin(e, beside_names[which]);
        if (marks->masked[which].n)
            entry_add(e, marks->masked[which]);
        if (which == MESSAGE && marks->message_is_cut)
            entry_add_cut(e, e->line->record->message.n);
        for (size_t i = 0; i < n_fields(e->line); i++)
            if (tx_text_equal(e->line->record->fields[i].name, beside_names[which]))
                add_field_marks(e, i);
        entry_end(e);
    }
}

static bool shares_entry(const struct beside_marks *marks, struct tx_text name) {
    for (size_t which = 0; which < N_BESIDE; which++)
        if (has_beside(marks, which) && tx_text_equal(name, beside_names[which]))
            return true;
    return false;
}

static void put_masked(const struct line *l) {
    struct entries e = {.line = l};
    struct beside_marks marks = collect_beside(l);

    put_beside(&e, &marks);
    for (size_t i = 0; i < n_fields(l); i++) {
        if (!has_marks(l, i) || shares_entry(&marks, l->record->fields[i].name))
            continue;
        entry_begin(&e, l->record->fields[i].name);
        add_field_marks(&e, i);
        entry_end(&e);
    }
    if (l->record->dropped_by) {
        entry_begin(&e, TX_TEXT("*"));
        entry_add(&e, text_of(l->record->dropped_by));
        entry_end(&e);
    } else if (l->cut && l->cut->left_out_bytes) {
        entry_begin(&e, TX_TEXT("*"));
        entry_add_cut(&e, l->cut->left_out_bytes);
        entry_end(&e);
    }
    if (e.any)
        PUT(l->b, "}");
}

static void put_line(const struct line *l) {
    put_head(l);
    put_message(l);
    put_source(l);
    put_trace(l);
    put_data(l);
    put_masked(l);
    PUT(l->b, ",\"policy\":\"");
    tx_buf_hex(l->b, l->record->policy, sizeof(l->record->policy));
    PUT(l->b, "\"}");
}

/* --- */

static int put_cut_line(struct line *l, struct tx_buf *b) {
    struct tx_buf start = *b;
    struct tx_cut cut;

    l->bare = true;
    put_line(l);
    if (b->full)
        return -ENOSPC;
    int r = tx_cut_plan(l->record, b->len - start.len, b->cap - start.len, &cut);
    if (r < 0)
        return r;
    *b = start;
    l->bare = false;
    l->cut = &cut;
    put_line(l);
    return b->full ? -ENOSPC : 0;
}

int tx_line_write_body(const struct tx_record *record, struct tx_text host, struct tx_buf *b) {
    size_t room = b->cap - b->len;
    struct tx_buf within =
        tx_buf_of(b->data + b->len, room < TX_LIMIT_BODY_BYTES ? room : TX_LIMIT_BODY_BYTES);
    struct line l = {.record = record, .host = host, .b = &within};

    if (b->full)
        return -ENOSPC;
    put_line(&l);
    if (within.full) {
        within.len = 0;
        within.full = false;
        int r = put_cut_line(&l, &within);
        if (r < 0)
            return r;
    }
    b->len += within.len;
    return 0;
}
