/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/base/text.h"
#include "tools/auditverify/report.h"

typedef unsigned long long ull;

/* What a terminal would obey, or what would turn the line's direction around, is escaped. */
static bool is_harmless(const char *p, size_t n) {
    uint8_t a = (uint8_t)p[0], b = n > 1 ? (uint8_t)p[1] : 0, c = n > 2 ? (uint8_t)p[2] : 0;
    if (n == 0 || a < 0x20 || a == 0x7f)
        return false;
    if (a == 0xc2 && b < 0xa0)
        return false; /* C1 controls */
    if (a == 0xd8 && b == 0x9c)
        return false; /* U+061C */
    return !(a == 0xe2 && ((b == 0x80 && (c == 0x8e || c == 0x8f || (c >= 0xa8 && c <= 0xae))) ||
                           (b == 0x81 && c >= 0xa6 && c <= 0xa9)));
}

static void put_safely(const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        size_t n = tx_utf8_char(text, left);
        if (is_harmless(text, n)) {
            fwrite(text, 1, n, stdout);
        } else {
            n = 1;
            printf("\\x%02x", (uint8_t)*text);
        }
        text += n;
        left -= n;
    }
}

static void put_time(uint64_t seconds) {
    char memory[40];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    if (seconds > INT64_MAX / 1000000000) {
        printf("an impossible time");
        return;
    }
    tx_buf_time(&b, (int64_t)seconds * 1000000000);
    printf("%.19sZ", memory); /* whole seconds */
}

static void put_finding(const struct tx_finding *f) {
    printf("  %s", tx_finding_name(f->kind));
    if (f->file[0]) {
        printf(" in ");
        put_safely(f->file);
    }
    if (f->line > 0)
        printf(", line %llu, byte %llu", (ull)f->line, (ull)f->offset);
    if (f->first_seq != TX_NO_SEQ && f->first_seq == f->last_seq)
        printf(", record %llu", (ull)f->first_seq);
    else if (f->first_seq != TX_NO_SEQ)
        printf(", records %llu to %llu", (ull)f->first_seq, (ull)f->last_seq);
    if (f->event[0])
        printf(" (%s)", f->event);
    printf(":\n    ");
    put_safely(f->text);
    putchar('\n');
}

/* The gravest first; among equals in the order of the log. */
static void put_findings(const struct tx_chain_verdict *v) {
    for (int class = TX_CLASS_TAMPERED; class >= TX_CLASS_NOTE; class --)
        for (size_t i = 0; i < v->findings.n; i++)
            if ((int)v->findings.items[i].class == class && !v->findings.items[i].withdrawn &&
                v->findings.items[i].kind != TX_FINDING_TRUSTED_COPY) /* put_keys says it */
                put_finding(&v->findings.items[i]);
    if (v->findings.n_more > 0)
        printf("  and %llu more\n", (ull)v->findings.n_more);
}

static void put_keys(const struct tx_report *report) {
    const struct tx_chain_verdict *v = report->verdict;
    char memory[TX_VKEY_TEXT_BYTES + 1];
    struct tx_buf b = tx_buf_of(memory, TX_VKEY_TEXT_BYTES);
    if (!v->has_identity) {
        printf("key      none: nothing says whom to trust (--identity)\n");
        return;
    }
    tx_vkey_render(&v->identity, &b);
    memory[b.len] = '\0';
    printf("key      ");
    put_safely(memory);
    if (!report->identity_given)
        printf(
            "\n         the log's own copy, which proves nothing against who can replace it; give "
            "--identity\n");
    else
        printf(report->epoch0_given || !v->trusted_copy
                   ? ", as given\n"
                   : ", as given; epoch 0's is the copy in the log\n");
}

static void put_proven(const struct tx_chain_verdict *v) {
    if (v->n_proven == 0) {
        printf("proven   nothing\n");
        return;
    }
    for (size_t i = 0; i < v->n_proven && i < 20; i++)
        printf("%s%llu to %llu%s", i == 0 ? "proven   records " : "         records ",
               (ull)v->proven[i].begin, (ull)v->proven[i].end - 1, "\n");
    if (v->n_proven > 20)
        printf("         and %zu ranges more\n", v->n_proven - 20);
}

static void put_reach(const struct tx_chain_verdict *v) {
    if (!v->has_end || v->end_size == 0)
        return;
    printf("reaches  record %llu", (ull)v->end_size - 1);
    if (v->end_event[0])
        printf(" (%s)", v->end_event);
    if (v->end_time > 0) {
        printf(", signed ");
        put_time(v->end_time);
    }
    printf(
        "\nwindow   %s%llu of these records, and any end that was cut off since, could have been "
        "rewritten\n         by who holds the present key (epoch %llu)",
        v->rewritable_is_minimum ? "at least " : "", (ull)v->n_rewritable, (ull)v->epoch);
    printf(v->memory_was_checked ? "; it is the log that was verified before\n"
                                 : "; --state, a journal or a receipt tells\n");
    if (v->n_tail > 0)
        printf("         %llu more records are not signed yet\n", (ull)v->n_tail);
}

static void put_receipts(const struct tx_receipts *receipts) {
    size_t n_proven = 0;

    for (size_t i = 0; i < receipts->n; i++)
        n_proven += receipts->items[i].status == TX_RECEIPT_PROVEN;
    printf("receipts %zu of %zu: the record stands at its place as it was, proven\n", n_proven,
           receipts->n);
}

static void put_fault(const struct tx_numbers_fault *fault) {
    char memory[16];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_hex(&b, fault->client, sizeof(fault->client));
    printf("         %.16s: %llu to %llu %s record %llu\n", memory, (ull)fault->first,
           (ull)fault->last,
           fault->kind == TX_NUMBERS_MISSING ? "are missing before" : "stand again, or late, at",
           (ull)fault->seq);
}

static void put_clients(const struct tx_numbers_totals *t) {
    printf("clients  %llu whose numbers stand there from 0 on, each once, in order\n",
           (ull)t->clients[TX_NUMBERS_COMPLETE]);
    if (t->clients[TX_NUMBERS_DECLARED] > 0)
        printf("         %llu more, whose gaps are declared\n",
               (ull)t->clients[TX_NUMBERS_DECLARED]);
    if (t->lost > 0 || t->forgotten > 0)
        printf("         %llu numbers are declared lost, and of %llu the daemon could not tell\n",
               (ull)t->lost, (ull)t->forgotten);
    if (t->clients[TX_NUMBERS_LATER] > 0)
        printf("         %llu begin after 0, as the log does\n", (ull)t->clients[TX_NUMBERS_LATER]);
    if (t->clients[TX_NUMBERS_UNDECLARED] > 0)
        printf("         %llu WITH GAPS THAT NOTHING DECLARES, or numbers that stand twice:\n",
               (ull)t->clients[TX_NUMBERS_UNDECLARED]);
    for (size_t i = 0; i < t->n_listed && i < 20; i++)
        put_fault(&t->faults[i]);
    if (t->n_faults > 20)
        printf("         and %llu more\n", (ull)t->n_faults - 20);
    if (t->unseen > 0)
        printf("         %llu records are of clients past the first %u, which were not looked at\n",
               (ull)t->unseen, TX_NUMBERS_CLIENTS_MAX);
}

int tx_report_text(const struct tx_report *report) {
    static const char *const verdicts[] = {"PROVEN", "INTACT BUT INCOMPLETE", "CANNOT DECIDE",
                                           "NOT TO BE TRUSTED", "TAMPERED"};
    const struct tx_chain_verdict *v = report->verdict;
    printf("%s: ", verdicts[v->class]);
    put_safely(report->path);
    putchar('\n');
    put_findings(v);
    if (v->origin[0]) {
        printf("log      ");
        put_safely(v->origin);
        printf(", %llu segments, %llu records, %llu checkpoints, %.1f MiB\n", (ull)v->n_segments,
               (ull)v->n_records, (ull)v->n_checkpoints, (double)v->n_bytes / 1048576);
    }
    put_keys(report);
    put_proven(v);
    put_reach(v);
    if (report->receipts)
        put_receipts(report->receipts);
    if (report->numbers)
        put_clients(report->numbers);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -EIO;
}
