/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/segment/verify-parts.h"

void tx_verify_expect(struct tx_verifier *v, uint64_t seq) {
    struct tx_buf b = tx_buf_of(v->prefix, sizeof(v->prefix));
    tx_buf_str(&b, "{\"seq\":");
    tx_buf_dec(&b, seq);
    tx_buf_char(&b, ',');
    v->n_prefix = b.len;
    v->expected = seq;
    for (size_t i = 0; i < TX_VERIFY_WATCHES; i++)
        if (v->options->watch[i] == seq && !v->lost && !v->result->has_watch[i])
            v->result->has_watch[i] = tx_stretch_root(&v->stretch, seq, &v->result->watch[i]) == 0;
}

/* {"seq":N, with N as the ledger writes it. */
static bool take_seq(struct tx_text line, uint64_t *ret) {
    static const struct tx_text before = {"{\"seq\":", 7};
    if (!tx_text_starts(line, before))
        return false;
    struct tx_text digits = {.p = line.p + before.n, .n = 0};
    size_t n_left = line.n - before.n;
    while (digits.n < n_left && digits.p[digits.n] >= '0' && digits.p[digits.n] <= '9')
        digits.n++;
    return digits.n < n_left && digits.p[digits.n] == ',' && tx_dec_decode(digits, ret) == 0 &&
           *ret <= TX_CONTROL_INDEX_MAX;
}

#define EACH_BYTE(c) ((uint64_t)(c)*UINT64_C(0x0101010101010101))

/* A byte below 0x20, eight at a time: subtracting 0x20 borrows into its high bit, which it had not
 * itself. (A borrow out of such a byte may add a neighbour, never hide one.) */
static bool has_control(const char *p, size_t n) {
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        if ((word - EACH_BYTE(0x20)) & ~word & EACH_BYTE(0x80))
            return true;
    }
    for (; i < n; i++)
        if ((uint8_t)p[i] < 0x20)
            return true;
    return false;
}

/* A checkpoint or seal ends in \n"} and a record does not but by its content. */
static bool swallowed_checkpoint(struct tx_text line) {
    static const char end[] = "\\n\"}", control[] = "{\"tracex\":\"";
    const size_t n_end = sizeof(end) - 1;
    if (line.n < n_end || memcmp(line.p + line.n - n_end, end, n_end) != 0)
        return false;
    /* One byte stands where the newline was. */
    const char *at = line.p;
    while ((at = memmem(at, line.n - (size_t)(at - line.p), control, sizeof(control) - 1))) {
        if (at - line.p >= 2 && at[-2] == '}' && at[-1] != ',' && at[-1] != ':')
            return true;
        at++;
    }
    return false;
}

/* What no writer writes, or NULL. */
static const char *find_fault(struct tx_text line) {
    if (line.n > TX_LIMIT_LINE_BYTES)
        return "the record is longer than 65535 bytes";
    if (line.n == 0 || line.p[line.n - 1] != '}')
        return "the record does not end in a brace";
    if (has_control(line.p, line.n))
        return "a control character stands in the record";
    if (!tx_utf8_valid(line.p, line.n))
        return "the record is not valid UTF-8";
    return swallowed_checkpoint(line)
               ? "the newline between the record and the checkpoint behind it was changed"
               : NULL;
}

static void note_wanted(struct tx_verifier *v, struct tx_text text, uint64_t seq) {
    if (!tx_found_is_wanted(v->options->wanted, v->options->n_wanted, seq))
        return;
    int r = tx_found_add(&v->result->found, v->hasher, seq, text);
    if (r < 0)
        tx_verify_fail(v, r);
}

static void add_leaf(struct tx_verifier *v, struct tx_text text, uint64_t seq, uint64_t line,
                     uint64_t offset) {
    if (v->options->n_wanted > 0)
        note_wanted(v, text, seq);
    if (v->lost)
        return;
    int r = tx_stretch_add(&v->stretch, seq, text, line, offset);
    if (r < 0)
        v->lost = true;
}

/* One of the ledger's own records, of which two sorts say something of the log itself. */
static void take_own(struct tx_verifier *v, struct tx_text text, uint64_t seq) {
    struct tx_pruned pruned;
    if (tx_line_is_epoch(text)) {
        tx_verify_epoch_record(v, text, seq);
    } else if (tx_pruned_parse(text, &pruned) == 0 && pruned.seq == seq) {
        v->has_pruned = true;
        v->pruned = pruned;
    }
}

static void accept_one(struct tx_verifier *v, struct tx_text text, uint64_t seq, uint64_t line,
                       uint64_t offset) {
    const char *fault = find_fault(text);
    if (fault) {
        tx_verify_find_records(v, TX_FINDING_MALFORMED, seq, seq, line, offset, fault);
        v->named = true;
    }
    v->result->n_records++;
    if (v->epoch_due)
        tx_verify_epoch_without_checkpoint(v);
    if (tx_line_is_own(text))
        take_own(v, text, seq);
    add_leaf(v, text, seq, line, offset);
    tx_verify_expect(v, seq + 1);
}

void tx_verify_drop_spare(struct tx_verifier *v, size_t i) {
    tx_bytes_deinit(&v->spares[i].text);
    v->spares[i] = v->spares[--v->n_spares];
}

/* The record that comes next came early: its turn is now. */
static bool take_waiting(struct tx_verifier *v) {
    for (size_t i = 0; i < v->n_spares; i++) {
        struct tx_verify_spare *spare = &v->spares[i];
        if (!spare->waits || spare->seq != v->expected)
            continue;
        struct tx_bytes text = spare->text;
        uint64_t line = spare->line, offset = spare->offset;
        spare->text = TX_BYTES_INIT;
        tx_verify_drop_spare(v, i);
        accept_one(v, (struct tx_text){(const char *)text.data, text.len}, v->expected, line,
                   offset);
        tx_bytes_deinit(&text);
        return true;
    }
    return false;
}

static void accept(struct tx_verifier *v, struct tx_text text, uint64_t seq, uint64_t line,
                   uint64_t offset) {
    accept_one(v, text, seq, line, offset);
    while (v->n_spares > 0 && take_waiting(v))
        ;
}

static void add_gap(struct tx_verifier *v, uint64_t begin, uint64_t end, uint64_t line,
                    uint64_t offset) {
    size_t finding = tx_verify_find_records(v, TX_FINDING_MISSING, begin, end - 1, line, offset,
                                            end - begin == 1 ? "the record is missing"
                                                             : "the records are missing");
    v->named = true;
    if (v->n_gaps == TX_VERIFY_GAPS) {
        v->lost = true;
        return;
    }
    v->gaps[v->n_gaps++] = (struct tx_verify_gap){begin, end, finding};
}

void tx_verify_missing_up_to(struct tx_verifier *v, uint64_t size) {
    add_gap(v, v->expected, size, v->line, v->piece.offset);
    tx_verify_expect(v, size);
}

/* A record that was missing is here: the gap shrinks, or is two. */
static bool fill_gap(struct tx_verifier *v, uint64_t seq) {
    for (size_t i = 0; i < v->n_gaps; i++) {
        struct tx_verify_gap *gap = &v->gaps[i];
        if (seq < gap->begin || seq >= gap->end)
            continue;
        struct tx_verify_gap after = {seq + 1, gap->end, SIZE_MAX};
        struct tx_finding *finding = tx_verify_finding(v, gap->finding);
        gap->end = seq;
        if (finding && seq > gap->begin)
            finding->last_seq = seq - 1;
        else if (finding && after.begin < after.end)
            finding->first_seq = after.begin;
        if (gap->begin == gap->end && after.begin == after.end) {
            tx_verify_withdraw(v, gap->finding);
            *gap = v->gaps[--v->n_gaps];
        } else if (gap->begin == gap->end) {
            after.finding = gap->finding;
            *gap = after;
        } else if (after.begin < after.end) {
            add_gap(v, after.begin, after.end, v->held.line, v->held.offset);
        }
        return true;
    }
    return false;
}

static void keep_spare(struct tx_verifier *v, bool waits, uint64_t put_at, size_t finding) {
    if (v->n_spares == TX_VERIFY_SPARE)
        return;
    v->spares[v->n_spares++] = (struct tx_verify_spare){.seq = v->held.seq,
                                                        .waits = waits,
                                                        .put_at = put_at,
                                                        .line = v->held.line,
                                                        .offset = v->held.offset,
                                                        .finding = finding,
                                                        .text = v->held.text};
    v->held.text = TX_BYTES_INIT;
}

static bool is_copy(struct tx_verifier *v, struct tx_text text, uint64_t seq) {
    const struct tx_stretch_leaf *leaf = tx_stretch_leaf(&v->stretch, seq);
    struct tx_digest hash;
    if (!leaf || !leaf->known)
        return false;
    tx_hash_leaf(v->hasher, text.p, text.n, &hash);
    return memcmp(hash.bytes, leaf->hash.bytes, TX_HASH_BYTES) == 0;
}

/* Its seq was there already, or was thought to be missing. */
static void settle_late(struct tx_verifier *v, struct tx_text text) {
    const struct tx_verify_held held = v->held;
    bool was_missing = fill_gap(v, held.seq);
    bool copy = !was_missing && is_copy(v, text, held.seq);
    const char *why = was_missing ? "the record stands behind later ones"
                      : copy      ? "the record stands there twice"
                                  : "a second record with this seq";
    size_t finding =
        tx_verify_find_records(v, was_missing ? TX_FINDING_OUT_OF_ORDER : TX_FINDING_INSERTED,
                               held.seq, held.seq, held.line, held.offset, why);
    if (was_missing) {
        v->result->n_records++;
        add_leaf(v, text, held.seq, held.line, held.offset);
    } else if (!copy) {
        keep_spare(v, false, TX_NO_SEQ, finding);
    }
}

static void settle_early(struct tx_verifier *v, struct tx_text text, bool has_hint, uint64_t hint) {
    const struct tx_verify_held held = v->held;
    if (has_hint && hint <= held.seq) {
        size_t finding =
            tx_verify_find_records(v, TX_FINDING_OUT_OF_ORDER, held.seq, held.seq, held.line,
                                   held.offset, "the record stands before earlier ones");
        keep_spare(v, true, TX_NO_SEQ, finding);
        return;
    }
    add_gap(v, v->expected, held.seq, held.line, held.offset);
    accept(v, text, held.seq, held.line, held.offset);
}

void tx_verify_settle_held(struct tx_verifier *v, bool has_hint, uint64_t hint) {
    if (!v->held.set)
        return;
    struct tx_verify_held held = v->held;
    struct tx_text text = {(const char *)held.text.data, held.text.len};
    v->held.set = false;
    bool is_next = has_hint && hint == v->expected + 1;
    if (is_next || (!held.has_seq && !(has_hint && hint == v->expected))) {
        uint64_t seq = v->expected;
        size_t finding =
            tx_verify_find_records(v, held.has_seq ? TX_FINDING_CHANGED : TX_FINDING_MALFORMED, seq,
                                   seq, held.line, held.offset,
                                   held.has_seq ? "the record says another seq"
                                                : "the record does not begin with its seq");
        v->named = true;
        accept(v, text, seq, held.line, held.offset);
        if (held.has_seq)
            keep_spare(v, false, seq, finding);
    } else if (!held.has_seq) {
        tx_verify_find_records(v, TX_FINDING_INSERTED, TX_NO_SEQ, TX_NO_SEQ, held.line, held.offset,
                               "the line is no record of this log");
    } else if (held.seq < v->expected) {
        settle_late(v, text);
    } else {
        settle_early(v, text, has_hint, hint);
    }
    if (v->held.text.data == held.text.data)
        tx_bytes_deinit(&v->held.text);
}

static void hold(struct tx_verifier *v, bool has_seq, uint64_t seq) {
    v->held = (struct tx_verify_held){
        .set = true, .has_seq = has_seq, .seq = seq, .line = v->line, .offset = v->piece.offset};
    int r = tx_bytes_append(&v->held.text, v->piece.text.p, v->piece.text.n);
    if (r < 0)
        tx_verify_fail(v, r);
}

void tx_verify_record(struct tx_verifier *v) {
    struct tx_text text = v->piece.text;
    uint64_t seq = 0;

    if (!v->held.set && tx_text_starts(text, (struct tx_text){v->prefix, v->n_prefix})) {
        accept(v, text, v->expected, v->line, v->piece.offset);
        return;
    }
    bool has_seq = take_seq(text, &seq);
    tx_verify_settle_held(v, has_seq, seq);
    if (has_seq && seq == v->expected)
        accept(v, text, seq, v->line, v->piece.offset);
    else
        hold(v, has_seq, seq);
}
