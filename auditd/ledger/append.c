/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"

/* The line is the last one now: the leaf before it goes into the range. */
int tx_ledger_show_leaf(struct tx_ledger *ledger, struct tx_text line,
                        const struct tx_digest *leaf) {
    if (ledger->last.len > 0)
        tx_range_append(&ledger->ungrown, ledger->hasher, &ledger->last_hash);
    ledger->last.len = 0;
    ledger->last_hash = *leaf;
    ledger->last_record_boot = tx_clock_boot();
    if (ledger->epoch_began == 0)
        ledger->epoch_began = ledger->last_record_boot;
    return tx_bytes_append(&ledger->last, line.p, line.n);
}

/* `start`: where in the tail the line begins; its newline is not there yet. */
static int finish_record(struct tx_ledger *ledger, size_t start, struct tx_digest *ret_leaf) {
    struct tx_text line = {.p = (const char *)ledger->tail.data + start,
                           .n = ledger->tail.len - start};
    int r = tx_tip_add_record(&ledger->now, ledger->hasher, line, ret_leaf);
    if (r == 0)
        r = tx_ledger_show_leaf(ledger, line, ret_leaf);
    if (r == 0)
        r = tx_bytes_append(&ledger->tail, "\n", 1);
    if (r < 0)
        ledger->tail.len = start;
    return r;
}

int tx_ledger_append_body(struct tx_ledger *ledger, struct tx_text body,
                          struct tx_digest *ret_leaf) {
    size_t start = ledger->tail.len;
    int r = tx_ledger_reserve_tail(ledger, body.n + 64);
    if (r < 0)
        return r;
    struct tx_buf b = tx_buf_of(ledger->tail.data + start, ledger->tail.cap - start);
    tx_buf_str(&b, "{\"seq\":");
    tx_buf_dec(&b, tx_ledger_size(ledger));
    tx_buf_char(&b, ',');
    tx_buf_put(&b, body.p, body.n);
    ledger->tail.len += b.len;
    return finish_record(ledger, start, ret_leaf);
}

int tx_ledger_append_line(struct tx_ledger *ledger, struct tx_text line,
                          struct tx_digest *ret_leaf) {
    size_t start = ledger->tail.len;
    int r = tx_ledger_reserve_tail(ledger, line.n + 1);
    if (r == 0)
        r = tx_bytes_append(&ledger->tail, line.p, line.n);
    return r < 0 ? r : finish_record(ledger, start, ret_leaf);
}

static void render_note(const struct tx_ledger *ledger, struct tx_text note, bool seal,
                        struct tx_buf *b) {
    struct tx_control_checkpoint checkpoint = {.note = note};
    struct tx_control_seal end = {
        .first = ledger->segment_first, .size = tx_ledger_size(ledger), .note = note};
    if (seal)
        tx_control_render_seal(&end, b);
    else
        tx_control_render_checkpoint(&checkpoint, b);
    tx_buf_char(b, '\n');
}

int tx_ledger_append_note(struct tx_ledger *ledger, struct tx_text note, bool seal) {
    size_t most = 2 * note.n + 256; /* a note's only escapes are its newlines */
    int r = tx_ledger_reserve_tail(ledger, most);
    if (r < 0)
        return r;
    struct tx_buf b =
        tx_buf_of(ledger->tail.data + ledger->tail.len, ledger->tail.cap - ledger->tail.len);
    render_note(ledger, note, seal, &b);
    if (b.full)
        return -EMSGSIZE;
    r = tx_tip_add_note(&ledger->now, ledger->hasher, note);
    if (r < 0)
        return r;
    ledger->note_start = ledger->tail.len;
    ledger->tail.len += b.len;
    ledger->note_in_tail = true;
    ledger->seal_in_tail = seal;
    return 0;
}

void tx_ledger_unseal_tail(struct tx_ledger *ledger) {
    if (!ledger->seal_in_tail)
        return;
    /* The note of a seal is always one of new records, so it may stand in a checkpoint's line,
     * which is the shorter one. */
    struct tx_buf b =
        tx_buf_of(ledger->tail.data + ledger->note_start, ledger->tail.len - ledger->note_start);
    render_note(ledger, (struct tx_text){(char *)ledger->now.note.data, ledger->now.note.len},
                false, &b);
    assert(!b.full);
    ledger->tail.len = ledger->note_start + b.len;
    ledger->seal_in_tail = false;
}
