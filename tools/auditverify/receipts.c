/* SPDX-License-Identifier: MIT */
#include "tools/auditverify/receipts.h"

#include <stdio.h>
#include <string.h>

/* A line of a file that is no list of receipts may be of any length. */
#define LINE_MAX_BYTES 4096

typedef unsigned long long ull;

void tx_receipts_deinit(struct tx_receipts *receipts) {
    free(receipts->items);
    free(receipts->wanted);
    *receipts = (struct tx_receipts){.items = NULL};
}

/* --- reading --- */

static int add(struct tx_receipts *receipts, const struct tx_kept_receipt *receipt) {
    if (receipts->n == TX_RECEIPTS_MAX)
        return -E2BIG;
    if (receipts->n == receipts->cap) {
        size_t cap = receipts->cap ? 2 * receipts->cap : 16;
        struct tx_kept_receipt *items = realloc(receipts->items, cap * sizeof(*items));
        if (!items)
            return -ENOMEM;
        receipts->items = items;
        receipts->cap = cap;
    }
    receipts->items[receipts->n++] = *receipt;
    return 0;
}

static const char *name_of(const char *path) {
    return strcmp(path, "-") == 0 ? "(standard input)" : path;
}

static int complain(const char *path, uint64_t line, size_t at, const char *expected) {
    fprintf(stderr, "tracex-auditverify: %s:%llu:%zu: no receipt: expected %s\n", name_of(path),
            (ull)line, at + 1, expected);
    return -EBADMSG;
}

static int read_line(struct tx_receipts *receipts, const char *path, uint64_t number,
                     struct tx_text line) {
    struct tx_kept_receipt kept = {.file = name_of(path), .line = number};
    const char *expected;
    size_t at;

    if (line.n == 0 || line.p[0] == '#')
        return 0;
    if (tx_receipt_line_parse(line, &kept.receipt, &at, &expected) < 0)
        return complain(path, number, at, expected);
    return add(receipts, &kept);
}

static int read_lines(struct tx_receipts *receipts, const char *path, FILE *f) {
    char memory[LINE_MAX_BYTES];
    uint64_t number = 1;
    int r = 0;

    for (; r == 0 && fgets(memory, sizeof(memory), f); number++) {
        struct tx_text line = {.p = memory, .n = strlen(memory)};
        bool is_whole = line.n > 0 && line.p[line.n - 1] == '\n';
        if (!is_whole && !feof(f))
            return complain(path, number, 0, "lines of at most 4094 bytes, without NUL");
        line.n -= is_whole;
        r = read_line(receipts, path, number, line);
    }
    return r == 0 && ferror(f) ? -EIO : r;
}

int tx_receipts_read(struct tx_receipts *receipts, const char *path) {
    if (strcmp(path, "-") == 0)
        return read_lines(receipts, path, stdin);
    FILE *f = fopen(path, "re");
    if (!f)
        return -errno;
    int r = read_lines(receipts, path, f);
    fclose(f);
    return r;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int tx_receipts_sort(struct tx_receipts *receipts) {
    if (receipts->n == 0)
        return 0;
    receipts->wanted = calloc(receipts->n, sizeof(*receipts->wanted));
    if (!receipts->wanted)
        return -ENOMEM;
    for (size_t i = 0; i < receipts->n; i++)
        receipts->wanted[i] = receipts->items[i].receipt.seq;
    qsort(receipts->wanted, receipts->n, sizeof(*receipts->wanted), by_number);
    return 0;
}

/* --- judging --- */

static const struct {
    const char *name;
    enum tx_finding_kind kind;
    const char *text;
} statuses[TX_RECEIPT_STATUSES] = {
    [TX_RECEIPT_PROVEN] = {"proven", TX_FINDING_KINDS, ""},
    [TX_RECEIPT_UNSIGNED] = {"unsigned", TX_FINDING_UNSIGNED_TAIL,
                             "the record of this receipt stands there, and nothing proven covers "
                             "it"},
    [TX_RECEIPT_NOT_AT_HAND] = {"not-at-hand", TX_FINDING_PRUNED,
                                "the record of this receipt is in a segment that is not there"},
    [TX_RECEIPT_UNDECIDED] = {"undecided", TX_FINDING_UNREADABLE,
                              "the record of this receipt may be in what could not be read"},
    [TX_RECEIPT_CHANGED] = {"changed", TX_FINDING_CHANGED,
                            "the record is not the one that this receipt was given for"},
    [TX_RECEIPT_MISSING] = {"missing", TX_FINDING_MISSING,
                            "the record that this receipt was given for is missing"},
    [TX_RECEIPT_CUT_OFF] = {"cut-off", TX_FINDING_CUT_OFF,
                            "the log ends before the record that this receipt was given for"},
    [TX_RECEIPT_WRONG_ID] = {"wrong-id", TX_FINDING_UNSUPPORTED,
                             "the leaf of this receipt stands there, and its record has another "
                             "id: the receipt was made up or mixed up"},
};

const char *tx_receipt_status_name(enum tx_receipt_status status) {
    return statuses[status].name;
}

static bool is_proven(const struct tx_chain_verdict *v, uint64_t seq) {
    for (size_t i = 0; i < v->n_proven; i++)
        if (seq >= v->proven[i].begin && seq < v->proven[i].end)
            return true;
    return false;
}

/* A finding of that class, or with `kind` of that kind, that names the record. */
static bool is_named(const struct tx_chain_verdict *v, uint64_t seq, enum tx_finding_class class,
                     enum tx_finding_kind kind) {
    for (size_t i = 0; i < v->findings.n; i++) {
        const struct tx_finding *f = &v->findings.items[i];
        if (!f->withdrawn && f->first_seq != TX_NO_SEQ && seq >= f->first_seq &&
            seq <= f->last_seq && (kind == TX_FINDING_KINDS ? f->class == class : f->kind == kind))
            return true;
    }
    return false;
}

static bool has_class(const struct tx_chain_verdict *v, enum tx_finding_class class) {
    for (size_t i = 0; i < v->findings.n; i++)
        if (!v->findings.items[i].withdrawn && v->findings.items[i].class == class)
            return true;
    return false;
}

static enum tx_receipt_status judge_absent(const struct tx_chain_verdict *v, uint64_t seq) {
    if (has_class(v, TX_CLASS_UNDECIDED))
        return TX_RECEIPT_UNDECIDED;
    if (v->is_file || is_named(v, seq, TX_CLASS_NOTE, TX_FINDING_PRUNED) ||
        is_named(v, seq, TX_CLASS_NOTE, TX_FINDING_MISSING_SEGMENT))
        return TX_RECEIPT_NOT_AT_HAND;
    return seq >= (v->has_end ? v->end_size + v->n_tail : 0) ? TX_RECEIPT_CUT_OFF
                                                             : TX_RECEIPT_MISSING;
}

static enum tx_receipt_status judge(const struct tx_chain_verdict *v,
                                    const struct tx_receipt_line *receipt) {
    uint64_t seq = receipt->seq;
    size_t i = tx_found_first(&v->found, seq);
    const struct tx_found_leaf *same = NULL;

    if (i == v->found.n)
        return judge_absent(v, seq);
    for (; i < v->found.n && v->found.items[i].seq == seq; i++)
        if (memcmp(v->found.items[i].leaf.bytes, receipt->leaf, sizeof(receipt->leaf)) == 0)
            same = &v->found.items[i];
    if (!same)
        return TX_RECEIPT_CHANGED;
    if (!same->has_id || memcmp(same->id, receipt->id, sizeof(receipt->id)) != 0)
        return TX_RECEIPT_WRONG_ID;
    bool is_sure = is_proven(v, seq) && !is_named(v, seq, TX_CLASS_TAMPERED, TX_FINDING_KINDS);
    return is_sure ? TX_RECEIPT_PROVEN : TX_RECEIPT_UNSIGNED;
}

static void find(struct tx_chain_verdict *v, const struct tx_kept_receipt *kept) {
    struct tx_finding finding = {.kind = statuses[kept->status].kind,
                                 .class = tx_finding_class(statuses[kept->status].kind),
                                 .line = kept->line,
                                 .first_seq = kept->receipt.seq,
                                 .last_seq = kept->receipt.seq};
    snprintf(finding.file, sizeof(finding.file), "%s", kept->file);
    snprintf(finding.text, sizeof(finding.text), "%s", statuses[kept->status].text);
    tx_findings_add(&v->findings, &finding);
}

void tx_receipts_judge(struct tx_receipts *receipts, struct tx_chain_verdict *verdict) {
    tx_found_sort(&verdict->found);
    /* None of them is judged by what was found of another one. */
    for (size_t i = 0; i < receipts->n; i++)
        receipts->items[i].status = judge(verdict, &receipts->items[i].receipt);
    for (size_t i = 0; i < receipts->n; i++)
        if (receipts->items[i].status != TX_RECEIPT_PROVEN)
            find(verdict, &receipts->items[i]);
    verdict->class = tx_findings_gravest(&verdict->findings);
}
