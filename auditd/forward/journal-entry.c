/* SPDX-License-Identifier: MIT */
#include "auditd/forward/journal-entry.h"

#include <stdio.h>
#include <string.h>

#include "auditd/forward/journal-events.h"
#include "libtx/record/read.h"

/* How much of the fields MESSAGE repeats for people who read along. */
#define MESSAGE_FIELDS_BYTES 512

static void begin_entry(struct tx_journal_entry *entry) {
    entry->n_fields = entry->n_parts = 0;
    entry->text = tx_buf_of(entry->memory, sizeof(entry->memory));
    tx_journal_names_reset(&entry->names);
}

/* A field is begun, its value appended to entry->text, and ended; what does not fit is left out
 * (false). */
static size_t begin_field(struct tx_journal_entry *entry, const char *name) {
    size_t start = entry->text.len;
    tx_buf_str(&entry->text, name);
    tx_buf_char(&entry->text, '=');
    return start;
}

static bool end_field(struct tx_journal_entry *entry, size_t start) {
    struct tx_buf *text = &entry->text;
    size_t n_parts = memchr(text->data + start, '\n', text->len - start) ? 5 : 2;
    if (text->full || entry->n_fields == TX_JOURNAL_ENTRY_FIELDS ||
        entry->n_parts + n_parts > TX_JOURNAL_ENTRY_PARTS) {
        text->len = start;
        text->full = false;
        return false;
    }
    entry->n_parts += n_parts;
    entry->fields[entry->n_fields++] =
        (struct iovec){.iov_base = text->data + start, .iov_len = text->len - start};
    return true;
}

static bool put_field(struct tx_journal_entry *entry, const char *name, struct tx_text value) {
    if (!value.p)
        return true;
    size_t start = begin_field(entry, name);
    tx_buf_put(&entry->text, value.p, value.n);
    return end_field(entry, start);
}

static void put_number(struct tx_journal_entry *entry, const char *name, uint64_t value) {
    size_t start = begin_field(entry, name);
    tx_buf_dec(&entry->text, value);
    end_field(entry, start);
}

static void put_str(struct tx_journal_entry *entry, const char *name, const char *value) {
    put_field(entry, name, (struct tx_text){value, strlen(value)});
}

static unsigned severity_number(struct tx_text name) {
    for (unsigned i = 0; i < TX_SEVERITY_N; i++) {
        const char *known = tx_severity_name((enum tx_record_severity)i);
        if (tx_text_equal(name, (struct tx_text){known, strlen(known)}))
            return i;
    }
    return TX_SEVERITY_INFO;
}

static unsigned priority_of(struct tx_read_object top) {
    struct tx_text severity = tx_read_string(top, "severity");
    if (severity.p)
        return severity_number(severity);
    if (tx_read_string(top, "by").p)
        return tx_journal_event_find(tx_read_string(top, "event"))->severity;
    return TX_SEVERITY_INFO;
}

unsigned tx_journal_priority(struct tx_text line) {
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;
    if (tx_read_new(line, &read) < 0)
        return TX_SEVERITY_WARNING;
    return priority_of(tx_read_top(read));
}

/* A value on one line: as it is when that is plain, else in its JSON form, which has no control
 * characters. */
static struct tx_text plain_or_raw(const struct tx_read_value *value) {
    if (value->type != TX_READ_STRING || value->text.n == 0)
        return value->raw;
    for (size_t i = 0; i < value->text.n; i++) {
        unsigned char c = (unsigned char)value->text.p[i];
        if (c <= ' ' || c == '"' || c == '\\' || c == 0x7f)
            return value->raw;
    }
    return value->text;
}

/* "payment.refund success: text that the application gave actor.id=u1 amount_cents=4200" */
static void put_message(struct tx_journal_entry *entry, const struct tx_read *read) {
    struct tx_read_object top = tx_read_top(read), data = tx_read_object(read, "data");
    struct tx_text event = tx_read_string(top, "event"), outcome = tx_read_string(top, "outcome"),
                   message = tx_read_string(top, "message");
    struct tx_buf *text = &entry->text;

    size_t start = begin_field(entry, "MESSAGE");
    tx_buf_put(text, event.p, event.n);
    if (outcome.n > 0) {
        tx_buf_char(text, ' ');
        tx_buf_put(text, outcome.p, outcome.n);
    }
    if (message.n > 0) {
        tx_buf_str(text, ": ");
        tx_buf_put(text, message.p, message.n);
    }
    size_t left = MESSAGE_FIELDS_BYTES;
    for (size_t i = 0; i < data.n_members; i++) {
        struct tx_text name = data.members[i].name, value = plain_or_raw(&data.members[i].value);
        if (name.n + value.n + 2 > left) {
            tx_buf_str(text, " \xe2\x80\xa6");
            break;
        }
        left -= name.n + value.n + 2;
        tx_buf_char(text, ' ');
        tx_buf_put(text, name.p, name.n);
        tx_buf_char(text, '=');
        tx_buf_put(text, value.p, value.n);
    }
    end_field(entry, start);
}

static const char *id_of(struct tx_read_object top) {
    if (tx_read_string(top, "by").p)
        return tx_journal_event_find(tx_read_string(top, "event"))->id;
    return TX_JOURNAL_ID_RECORD;
}

static void put_source(struct tx_journal_entry *entry, struct tx_read_object source) {
    uint64_t v;
    if (tx_read_u64(source, "pid", &v) == 0)
        put_number(entry, "TRACEX_SOURCE_PID", v);
    if (tx_read_u64(source, "uid", &v) == 0)
        put_number(entry, "TRACEX_SOURCE_UID", v);
    put_field(entry, "TRACEX_SOURCE_EXE", tx_read_string(source, "exe"));
}

static void put_data(struct tx_journal_entry *entry, struct tx_read_object data) {
    size_t n_left_out = 0;
    for (size_t i = 0; i < data.n_members; i++) {
        const char *name = tx_journal_names_add(&entry->names, data.members[i].name);
        if (!name || entry->n_parts + 7 > TX_JOURNAL_ENTRY_PARTS ||
            !put_field(entry, name, data.members[i].value.text))
            n_left_out++;
    }
    if (n_left_out > 0)
        put_number(entry, "TRACEX_LEFT_OUT", n_left_out);
}

static void put_identity(struct tx_journal_entry *entry, struct tx_text origin, uint64_t seq,
                         const struct tx_digest *leaf) {
    put_str(entry, "SYSLOG_IDENTIFIER", "tracex");
    put_field(entry, "TRACEX_ORIGIN", origin);
    put_number(entry, "TRACEX_SEQ", seq);
    size_t start = begin_field(entry, "TRACEX_LEAF");
    tx_buf_hex(&entry->text, leaf->bytes, sizeof(leaf->bytes));
    end_field(entry, start);
}

static void put_unread(struct tx_journal_entry *entry, uint64_t seq, const char *why,
                       unsigned priority) {
    char message[128];
    snprintf(message, sizeof(message), "record %llu of the log %s", (unsigned long long)seq, why);
    put_str(entry, "MESSAGE", message);
    put_str(entry, "MESSAGE_ID", TX_JOURNAL_ID_RECORD);
    put_number(entry, "PRIORITY", priority);
}

void tx_journal_entry_record(struct tx_journal_entry *entry, struct tx_text origin, uint64_t seq,
                             struct tx_text line, const struct tx_digest *leaf, bool reduced) {
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;

    begin_entry(entry);
    put_identity(entry, origin, seq, leaf);
    if (reduced || tx_read_new(line, &read) < 0) {
        put_unread(entry, seq,
                   reduced ? "was not taken whole by the journal" : "is not a readable record",
                   tx_journal_priority(line));
        return;
    }
    struct tx_read_object top = tx_read_top(read);
    put_message(entry, read);
    put_str(entry, "MESSAGE_ID", id_of(top));
    put_number(entry, "PRIORITY", priority_of(top));
    put_field(entry, "TRACEX_EVENT", tx_read_string(top, "event"));
    put_field(entry, "TRACEX_OUTCOME", tx_read_string(top, "outcome"));
    put_field(entry, "TRACEX_CORRELATION_ID", tx_read_string(top, "correlation_id"));
    put_source(entry, tx_read_object(read, "source"));
    put_data(entry, tx_read_object(read, "data"));
}

void tx_journal_entry_checkpoint(struct tx_journal_entry *entry, struct tx_text origin,
                                 uint64_t size, struct tx_text note,
                                 enum tx_record_severity severity) {
    char message[64];

    begin_entry(entry);
    snprintf(message, sizeof(message), "checkpoint of %llu records", (unsigned long long)size);
    put_str(entry, "MESSAGE", message);
    put_str(entry, "MESSAGE_ID", TX_JOURNAL_ID_CHECKPOINT);
    put_number(entry, "PRIORITY", severity);
    put_str(entry, "SYSLOG_IDENTIFIER", "tracex");
    put_field(entry, "TRACEX_ORIGIN", origin);
    put_field(entry, "TRACEX_CHECKPOINT", note);
}
