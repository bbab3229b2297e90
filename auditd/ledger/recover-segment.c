/* SPDX-License-Identifier: MIT */
/*
 * Reading the log's end again. Usually that is the last segment alone; it begins with an earlier
 * one when the signer, or the table of clients, knows less than the last one's header says.
 */
#include "auditd/ipc/fds.h"
#include "auditd/ledger/recovery.h"

#define LOG TX_FD_LEDGER_LOG

static int take_header(struct tx_recovery *r, uint64_t first, struct tx_text line) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_buf scratch = tx_buf_of(r->scratch.data, r->scratch.cap);
    _cleanup_(tx_freep) struct tx_control_header *header = calloc(1, sizeof(*header));
    if (!header)
        return -ENOMEM;
    int e = tx_control_parse_header(ledger->hasher, line, &scratch, header);
    if (e == -ENOTSUP)
        return tx_recovery_refuse(r,
                                  "Segment %llu has a version, hash or key that this version of "
                                  "TraceX does not know.",
                                  (unsigned long long)first);
    if (e < 0)
        return e == -ENOMEM ? e : TX_RECOVERY_E_TORN;
    if (header->first != first || !tx_text_equal(header->origin, tx_recovery_origin(r)))
        return tx_recovery_refuse(
            r, "Segment %llu does not belong to this log: its header says otherwise.",
            (unsigned long long)first);
    if (r->compared && first != tx_ledger_size(ledger))
        return tx_recovery_refuse(
            r,
            "The signer's state ends at record %llu, and the log has no whole "
            "records from there to %llu.",
            (unsigned long long)r->signed_size, (unsigned long long)first);
    if (!r->compared && first > tx_recovery_signed(r))
        return tx_recovery_refuse(
            r,
            "The signer's state ends at record %llu, and the log begins after it: the key "
            "directory is older than the log.",
            (unsigned long long)tx_recovery_signed(r));
    e = tx_tip_from_header(&ledger->now, header);
    if (e == 0)
        e = tx_tip_copy(&ledger->anchor, &ledger->now);
    return e == 0 ? tx_recovery_compare(r) : e;
}

/* A crash leaves no checkpoint after a line that is not whole: its line is written when everything
 * before it is on disk. */
static int look_for_damage(struct tx_recovery *r, struct tx_lines *lines) {
    struct tx_text line, note;
    uint64_t size;
    int e;
    while ((e = tx_lines_next(lines, &line)) == 0 || e == TX_LINES_E_LONG)
        if (e == 0 && tx_recovery_note_of(r, line, &note) &&
            tx_recovery_note_size(r, note, &size) && size > tx_ledger_size(r->ledger))
            return tx_recovery_refuse(
                r,
                "The line after record %llu was changed or taken out: a checkpoint of %llu records "
                "stands after it.",
                (unsigned long long)tx_ledger_size(r->ledger) - 1, (unsigned long long)size);
    return e == TX_LINES_E_END ? 0 : e;
}

/* Until the file ends, or, when `next` is not 0, at the checkpoint where the next segment begins.
 */
static int read_lines(struct tx_recovery *r, struct tx_lines *lines, uint64_t next) {
    struct tx_text line;
    for (;;) {
        int e = tx_lines_next(lines, &line);
        if (e < 0 || e == TX_LINES_E_END)
            return e < 0 ? e : 0;
        bool is_note = tx_line_kind(line) != TX_LINE_RECORD;
        e = e == 0 ? tx_recovery_take_line(r, line) : TX_RECOVERY_E_TORN;
        if (e == TX_RECOVERY_E_TORN) /* in an earlier segment, which only tells of clients, it is no
                                        matter */
            return next == 0 || r->compared ? look_for_damage(r, lines) : 0;
        if (e != 0)
            return e;
        if (is_note) {
            r->older_offset = r->anchor_offset;
            r->note_offset = r->end_offset;
            r->anchor_offset = tx_lines_offset(lines);
        }
        r->end_offset = tx_lines_offset(lines);
        if (is_note && next > 0 && tx_ledger_size(r->ledger) == next)
            return 0;
    }
}

/* What stands before that place need not be read. */
static int skip(struct tx_recovery *r, struct tx_lines *lines, uint64_t first) {
    uint64_t offset;
    int e = tx_resume_load(r, first, &offset);
    if (e < 0 || offset == 0)
        return e;
    r->resumed = true;
    e = tx_lines_seek(lines, offset);
    return e < 0 ? e : tx_recovery_compare(r);
}

/* TORN: it has no whole header. */
static int read_segment(struct tx_recovery *r, uint64_t first, uint64_t next, bool may_skip) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
    struct tx_text line;

    int e = tx_lines_open(LOG, first, &lines);
    if (e < 0)
        return e;
    e = tx_lines_next(lines, &line);
    e = e == 0 ? take_header(r, first, line) : e > 0 ? TX_RECOVERY_E_TORN : e;
    if (e != 0)
        return e;
    r->first = first;
    r->sealed = false;
    if (may_skip && next == 0 && !r->read_all && !tx_lines_compressed(lines)) {
        e = skip(r, lines, first);
        if (e != 0)
            return e;
    }
    r->anchor_offset = r->end_offset = tx_lines_offset(lines);
    r->older_offset = r->note_offset = 0;
    e = read_lines(r, lines, next);
    if (e != 0)
        return e;
    r->last = r->sealed ? TX_LAST_SEALED : TX_LAST_OPEN;
    if (next == 0 && r->last == TX_LAST_OPEN && tx_lines_compressed(lines))
        return tx_recovery_refuse(r, "The last segment is compressed and has no seal.");
    return 0;
}

int tx_recovery_reread(struct tx_recovery *r, const uint64_t *firsts, size_t n, size_t start,
                       size_t *ret_n) {
    *ret_n = start;
    r->last = TX_LAST_NONE;
    for (size_t i = start; i < n; i++) {
        int e = read_segment(r, firsts[i], i + 1 < n ? firsts[i + 1] : 0, i == start);
        if (e == TX_RECOVERY_E_TORN)
            continue;
        if (e != 0)
            return e;
        if (*ret_n != i && r->compared)
            return tx_recovery_refuse(r,
                                      "Segment %llu has no whole header, and it is not the last.",
                                      (unsigned long long)firsts[*ret_n]);
        *ret_n = i + 1;
    }
    return 0;
}
