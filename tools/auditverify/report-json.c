/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/buf.h"
#include "libtx/base/text.h"
#include "tools/auditverify/report.h"

typedef unsigned long long ull;

/* Bytes that are not UTF-8 (a path's) become U+FFFD, one for each. */
static void put_string(const char *text) {
    size_t left = strlen(text);
    char memory[8 * 6];
    putchar('"');
    while (left > 0) {
        size_t n = tx_utf8_char(text, left);
        struct tx_buf b = tx_buf_of(memory, sizeof(memory));
        if (n > 0)
            tx_buf_json(&b, text, n);
        else
            tx_buf_str(&b, "\xef\xbf\xbd");
        fwrite(b.data, 1, b.len, stdout);
        n = n > 0 ? n : 1;
        text += n;
        left -= n;
    }
    putchar('"');
}

static void put_string_or_null(const char *text) {
    if (text[0])
        put_string(text);
    else
        fputs("null", stdout);
}

static void put_keys(const struct tx_report *report) {
    const struct tx_chain_verdict *v = report->verdict;
    char memory[TX_VKEY_TEXT_BYTES + 1];
    struct tx_buf b = tx_buf_of(memory, TX_VKEY_TEXT_BYTES);
    if (v->has_identity)
        tx_vkey_render(&v->identity, &b);
    memory[b.len] = '\0';
    fputs(",\"identity\":", stdout);
    put_string_or_null(memory);
    fputs(",\"keys\":", stdout);
    put_string(!v->has_identity  ? "none"
               : v->trusted_copy ? (report->identity_given ? "epoch0-own-copy" : "own-copy")
                                 : "given");
}

static void put_time(uint64_t seconds) {
    char memory[40];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    if (seconds == 0 || seconds > INT64_MAX / 1000000000) {
        fputs("null", stdout);
        return;
    }
    tx_buf_time(&b, (int64_t)seconds * 1000000000);
    printf("\"%.19sZ\"", memory);
}

static void put_reach(const struct tx_chain_verdict *v) {
    char memory[64];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory) - 1);
    if (!v->has_end) {
        fputs(",\"reaches\":null", stdout);
        return;
    }
    tx_buf_base64(&b, v->end_root.bytes, TX_HASH_BYTES);
    memory[b.len] = '\0';
    printf(",\"reaches\":{\"size\":%llu,\"root\":\"%s\",\"time\":", (ull)v->end_size, memory);
    put_time(v->end_time);
    fputs(",\"event\":", stdout);
    put_string_or_null(v->end_event);
    printf(",\"epoch\":%llu}", (ull)v->epoch);
}

static void put_finding(const struct tx_finding *f) {
    printf("{\"kind\":\"%s\",\"class\":\"%s\",\"file\":", tx_finding_name(f->kind),
           tx_finding_class_name(f->class));
    put_string_or_null(f->file);
    if (f->line > 0)
        printf(",\"line\":%llu,\"offset\":%llu", (ull)f->line, (ull)f->offset);
    else
        fputs(",\"line\":null,\"offset\":null", stdout);
    if (f->first_seq != TX_NO_SEQ)
        printf(",\"seq\":{\"first\":%llu,\"last\":%llu}", (ull)f->first_seq, (ull)f->last_seq);
    else
        fputs(",\"seq\":null", stdout);
    fputs(",\"event\":", stdout);
    put_string_or_null(f->event);
    fputs(",\"text\":", stdout);
    put_string(f->text);
    putchar('}');
}

static void put_findings(const struct tx_chain_verdict *v) {
    bool any = false;
    fputs(",\"findings\":[", stdout);
    for (size_t i = 0; i < v->findings.n; i++) {
        if (v->findings.items[i].withdrawn)
            continue;
        if (any)
            putchar(',');
        put_finding(&v->findings.items[i]);
        any = true;
    }
    printf("],\"more_findings\":%llu", (ull)v->findings.n_more);
}

static void put_proven(const struct tx_chain_verdict *v) {
    fputs(",\"proven\":[", stdout);
    for (size_t i = 0; i < v->n_proven; i++)
        printf("%s{\"first\":%llu,\"last\":%llu}", i > 0 ? "," : "", (ull)v->proven[i].begin,
               (ull)v->proven[i].end - 1);
    putchar(']');
}

static void put_id(const uint8_t id[16]) {
    char memory[36];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_uuid(&b, id);
    printf("\"%.36s\"", memory);
}

static void put_receipts(const struct tx_receipts *receipts) {
    if (!receipts) {
        fputs(",\"receipts\":null", stdout);
        return;
    }
    fputs(",\"receipts\":[", stdout);
    for (size_t i = 0; i < receipts->n; i++) {
        const struct tx_kept_receipt *kept = &receipts->items[i];
        printf("%s{\"file\":", i > 0 ? "," : "");
        put_string(kept->file);
        printf(",\"line\":%llu,\"seq\":%llu,\"id\":", (ull)kept->line, (ull)kept->receipt.seq);
        put_id(kept->receipt.id);
        printf(",\"status\":\"%s\"}", tx_receipt_status_name(kept->status));
    }
    putchar(']');
}

static void put_fault(const struct tx_numbers_fault *fault) {
    char memory[16];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_buf_hex(&b, fault->client, sizeof(fault->client));
    printf("{\"client\":\"%.16s\",\"kind\":\"%s\",\"seq\":%llu,\"first\":%llu,\"last\":%llu}",
           memory, fault->kind == TX_NUMBERS_MISSING ? "missing" : "again", (ull)fault->seq,
           (ull)fault->first, (ull)fault->last);
}

static void put_clients(const struct tx_numbers_totals *t) {
    if (!t) {
        fputs(",\"clients\":null", stdout);
        return;
    }
    printf(",\"clients\":{\"complete\":%llu,\"declared\":%llu,\"begin_later\":%llu,"
           "\"undeclared\":%llu,\"lost\":%llu,\"forgotten\":%llu,\"untracked_records\":%llu,"
           "\"faults\":[",
           (ull)t->clients[TX_NUMBERS_COMPLETE], (ull)t->clients[TX_NUMBERS_DECLARED],
           (ull)t->clients[TX_NUMBERS_LATER], (ull)t->clients[TX_NUMBERS_UNDECLARED], (ull)t->lost,
           (ull)t->forgotten, (ull)t->unseen);
    for (size_t i = 0; i < t->n_listed; i++) {
        fputs(i > 0 ? "," : "", stdout);
        put_fault(&t->faults[i]);
    }
    printf("],\"more_faults\":%llu}", (ull)(t->n_faults - t->n_listed));
}

int tx_report_json(const struct tx_report *report) {
    static const char *const verdicts[] = {"proven", "incomplete", "undecided", "untrusted",
                                           "tampered"};
    const struct tx_chain_verdict *v = report->verdict;
    fputs("{\"tracex\":\"verdict\",\"version\":1,\"path\":", stdout);
    put_string(report->path);
    printf(",\"verdict\":\"%s\",\"exit_code\":%d,\"origin\":", verdicts[v->class],
           tx_finding_exit_code(v->class));
    put_string_or_null(v->origin);
    put_keys(report);
    printf(",\"segments\":%llu,\"records\":%llu,\"checkpoints\":%llu,\"bytes\":%llu",
           (ull)v->n_segments, (ull)v->n_records, (ull)v->n_checkpoints, (ull)v->n_bytes);
    put_proven(v);
    put_reach(v);
    printf(",\"rewritable\":{\"records\":%llu,\"at_least\":%s},\"unsigned_tail\":%llu,"
           "\"same_as_remembered\":%s",
           (ull)v->n_rewritable, v->rewritable_is_minimum ? "true" : "false", (ull)v->n_tail,
           v->memory_was_checked ? "true" : "null");
    put_receipts(report->receipts);
    put_clients(report->numbers);
    put_findings(v);
    fputs("}\n", stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -EIO;
}
