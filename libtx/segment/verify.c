/* SPDX-License-Identifier: MIT */
#include "libtx/segment/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libtx/segment/verify-parts.h"

void tx_verify_fail(struct tx_verifier *v, int error) {
    if (v->error == 0)
        v->error = error;
    v->stop = true;
}

struct tx_buf tx_verify_scratch(struct tx_verifier *v) {
    return tx_buf_of(v->scratch, TX_LIMIT_CONTROL_LINE_BYTES);
}

/* A few kilobytes of compressed data can be billions of lines. */
#define FINDINGS_ENOUGH 100000u

static size_t add(struct tx_verifier *v, struct tx_finding *finding) {
    finding->class = tx_finding_class(finding->kind);
    snprintf(finding->file, sizeof(finding->file), "%s", v->options->name);
    return tx_findings_add(&v->result->findings, finding) ? v->result->findings.n - 1 : SIZE_MAX;
}

size_t tx_verify_find(struct tx_verifier *v, enum tx_finding_kind kind, const char *format, ...) {
    struct tx_finding finding = {.kind = kind,
                                 .line = v->line,
                                 .offset = v->piece.offset,
                                 .first_seq = TX_NO_SEQ,
                                 .last_seq = TX_NO_SEQ};
    va_list ap;
    va_start(ap, format);
    vsnprintf(finding.text, sizeof(finding.text), format, ap);
    va_end(ap);
    return add(v, &finding);
}

size_t tx_verify_find_records(struct tx_verifier *v, enum tx_finding_kind kind, uint64_t first,
                              uint64_t last, uint64_t line, uint64_t offset, const char *text) {
    struct tx_finding finding = {
        .kind = kind, .line = line, .offset = offset, .first_seq = first, .last_seq = last};
    snprintf(finding.text, sizeof(finding.text), "%s", text);
    struct tx_text record = {NULL, 0};
    if (line == v->line && v->piece.kind == TX_PIECE_LINE && kind != TX_FINDING_MISSING)
        record = v->piece.text;
    else if (v->held.text.data && line == v->held.line && kind != TX_FINDING_MISSING)
        record = (struct tx_text){(const char *)v->held.text.data, v->held.text.len};
    tx_finding_take_event(record, finding.event);
    return add(v, &finding);
}

struct tx_finding *tx_verify_finding(struct tx_verifier *v, size_t index) {
    return index < v->result->findings.n ? &v->result->findings.items[index] : NULL;
}

void tx_verify_withdraw(struct tx_verifier *v, size_t index) {
    struct tx_finding *finding = tx_verify_finding(v, index);
    if (finding)
        finding->withdrawn = true;
}

static void take_line(struct tx_verifier *v) {
    if (v->after_seal) {
        tx_verify_find(v, TX_FINDING_INSERTED, "a line stands behind the seal");
        return;
    }
    enum tx_line_kind kind = tx_line_kind(v->piece.text);
    if (kind == TX_LINE_RECORD) {
        tx_verify_record(v);
    } else if (kind == TX_LINE_CHECKPOINT) {
        tx_verify_checkpoint(v);
    } else if (kind == TX_LINE_SEAL) {
        tx_verify_seal(v);
    } else {
        tx_verify_settle_held(v, false, 0);
        tx_verify_find(v, kind == TX_LINE_HEADER ? TX_FINDING_INSERTED : TX_FINDING_MALFORMED,
                       kind == TX_LINE_HEADER ? "a second segment header"
                                              : "a control line of no known kind");
    }
}

/* The file's last bytes without a newline: a write that is under way or was cut off. But no write
 * is cut off behind a whole control line and one more byte. */
static void take_torn(struct tx_verifier *v) {
    struct tx_text text = v->piece.text;
    struct tx_buf scratch = tx_verify_scratch(v);
    struct tx_control_checkpoint checkpoint;
    struct tx_control_seal seal;

    v->torn = true;
    if (v->after_seal) {
        tx_verify_find(v, TX_FINDING_INSERTED, "bytes stand behind the seal");
        return;
    }
    text.n--;
    if (tx_control_parse_checkpoint(text, &scratch, &checkpoint) == 0 ||
        tx_control_parse_seal(text, &scratch, &seal) == 0)
        tx_verify_find(v, TX_FINDING_CHANGED, "the newline at the line's end was changed");
}

/* What stands behind a hole was never part of the log when a power cut made the hole: then no
 * signed checkpoint follows. */
static void take_hole(struct tx_verifier *v) {
    if (v->hole_line > 0 || v->after_seal)
        return;
    v->hole_line = v->line;
    v->hole_offset = v->piece.offset;
    v->n_before_hole = v->result->findings.n;
    v->n_more_before_hole = v->result->findings.n_more;
    v->gravest_before_hole = v->result->findings.gravest_more;
    v->expected_before_hole = v->expected;
    v->lost_before_hole = v->lost;
    v->n_records_before_hole = v->result->n_records;
}

static void settle_hole(struct tx_verifier *v) {
    struct tx_findings *findings = &v->result->findings;
    if (v->hole_line == 0)
        return;
    if (v->n_signed_after_hole > 0) {
        v->line = v->hole_line;
        v->piece.offset = v->hole_offset;
        tx_verify_find(v, TX_FINDING_CHANGED, "a part of the file was overwritten with NUL bytes");
        return;
    }
    findings->n = v->n_before_hole;
    findings->n_more = v->n_more_before_hole;
    findings->gravest_more = v->gravest_before_hole;
    tx_verify_expect(v, v->expected_before_hole);
    v->lost = v->lost_before_hole;
    v->result->n_records = v->n_records_before_hole;
    v->result->sealed = false;
}

static void take_piece(struct tx_verifier *v) {
    switch (v->piece.kind) {
    case TX_PIECE_LINE:
        take_line(v);
        break;
    case TX_PIECE_LONG:
        tx_verify_settle_held(v, false, 0);
        tx_verify_find(v, TX_FINDING_MALFORMED, "the line is longer than any may be");
        v->named = true;
        break;
    case TX_PIECE_TORN:
        take_torn(v);
        break;
    case TX_PIECE_HOLE:
        take_hole(v);
        break;
    case TX_PIECE_END:
        break;
    }
    if (v->piece.kind != TX_PIECE_HOLE && v->piece.kind != TX_PIECE_END)
        v->content_end = v->piece.offset + v->piece.n_bytes;
}

static void find_unreadable(struct tx_verifier *v, int error) {
    v->line++;
    if (error == -EBADMSG)
        tx_verify_find(v, TX_FINDING_UNREADABLE, "the compressed data is damaged or cut off here");
    else
        tx_verify_find(v, TX_FINDING_UNREADABLE, "it cannot be read on: %s", strerror(-error));
    v->stop = true;
}

static void report_progress(struct tx_verifier *v) {
    uint64_t now = tx_reader_progress(v->reader);
    if (v->options->progress && now != v->progress)
        atomic_fetch_add_explicit(v->options->progress, now - v->progress, memory_order_relaxed);
    v->progress = now;
}

/* False when nothing is left to look at. */
static bool next_piece(struct tx_verifier *v) {
    if (v->result->findings.n_more > FINDINGS_ENOUGH) {
        tx_verify_find(v, TX_FINDING_UNREADABLE, "too much is wrong with it to look at the rest");
        return false;
    }
    int r = tx_reader_next(v->reader, &v->piece);
    report_progress(v);
    if (r == -ENOMEM)
        tx_verify_fail(v, r);
    else if (r < 0)
        find_unreadable(v, r);
    if (r < 0)
        return false;
    v->line += v->piece.kind != TX_PIECE_END;
    return v->piece.kind != TX_PIECE_END;
}

static void read_all(struct tx_verifier *v) {
    size_t n_seen = 0;
    if (v->options->headless) {
        tx_verify_begin_at(v, v->options->start);
    } else {
        if (!next_piece(v) && v->stop)
            return;
        tx_verify_header(v);
    }
    v->content_end = v->piece.offset + v->piece.n_bytes;
    v->tail_offset = v->content_end;
    while (!v->stop && next_piece(v)) {
        take_piece(v);
        if (!v->options->until_tampered || v->result->findings.n == n_seen)
            continue;
        n_seen = v->result->findings.n;
        /* What stands behind a hole may yet turn out to be no part of the log. */
        bool open_hole = v->hole_line > 0 && v->n_signed_after_hole == 0;
        if (!open_hole && tx_findings_gravest(&v->result->findings) == TX_CLASS_TAMPERED)
            v->stop = true;
    }
    if (v->error == 0 && v->result->has_header)
        tx_verify_settle_held(v, false, 0);
}

static void finish(struct tx_verifier *v) {
    struct tx_segment_result *result = v->result;
    uint64_t proven = result->end.range.end;
    if (v->key_missed && tx_findings_gravest(&result->findings) < TX_CLASS_TRUST)
        tx_verify_find(v, TX_FINDING_UNKNOWN_KEY, "the key of an epoch in it is not known");
    settle_hole(v);
    result->epoch_unproven = v->epoch_unproven;
    result->lost = v->lost || v->epoch_unproven || v->n_gaps > 0 || v->last_size != proven;
    result->next_seq = v->expected;
    result->tail_offset = v->tail_offset;
    result->n_tail_records = v->expected > v->last_size ? v->expected - v->last_size : 0;
    result->n_tail_bytes = v->content_end > v->tail_offset ? v->content_end - v->tail_offset : 0;
    result->clean_end = !v->torn;
}

static int init(struct tx_verifier *v, struct tx_hasher *hasher, struct tx_reader *reader,
                const struct tx_verify_options *options, struct tx_segment_result *result) {
    v->hasher = hasher;
    v->reader = reader;
    v->options = options;
    v->result = result;
    v->origin = options->origin;
    v->notes_known = true;
    v->epoch_known = true;
    v->trusted = true;
    result->untrusted_from = TX_NO_SEQ;
    v->repaired = TX_NO_SEQ;
    v->scratch = malloc(TX_LIMIT_CONTROL_LINE_BYTES);
    v->note = malloc(sizeof(*v->note));
    if (!v->scratch || !v->note)
        return -ENOMEM;
    return tx_stretch_init(&v->stretch, hasher);
}

static void deinit(struct tx_verifier *v) {
    while (v->n_spares > 0)
        tx_verify_drop_spare(v, v->n_spares - 1);
    tx_bytes_deinit(&v->held.text);
    tx_bytes_deinit(&v->epoch_line);
    tx_stretch_deinit(&v->stretch);
    free(v->scratch);
    free(v->note);
    free(v);
}

int tx_segment_verify(struct tx_hasher *hasher, struct tx_reader *reader,
                      const struct tx_verify_options *options, struct tx_segment_result *ret) {
    struct tx_verifier *v = calloc(1, sizeof(*v));
    *ret = (struct tx_segment_result){.sealed = false};
    if (!v)
        return -ENOMEM;
    int r = init(v, hasher, reader, options, ret);
    if (r == 0) {
        read_all(v);
        finish(v);
        r = v->error;
    }
    deinit(v);
    if (r < 0)
        tx_segment_result_deinit(ret);
    return r;
}

void tx_segment_result_deinit(struct tx_segment_result *result) {
    tx_findings_deinit(&result->findings);
    free(result->proven);
    free(result->epochs);
    free(result->last_note);
    tx_found_deinit(&result->found);
    *result = (struct tx_segment_result){.sealed = false};
}
