/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/fds.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/lines.h"

/* Asked for when a client repeats a durable call whose receipt was lost: the record is a recent
 * one, and usually in the table. A search in files puts what it passes into the table, too; it
 * takes long, so one client's repetitions must not delay all: at most a fifth of the time is spent
 * so. Without a receipt a record is durable all the same. */
#define SEGMENTS_MAX 4
#define PAUSE_FACTOR 4

static bool seq_of(struct tx_text line, uint64_t *ret) {
    size_t n = sizeof("{\"seq\":") - 1, digits = 0;
    while (n + digits < line.n && line.p[n + digits] != ',')
        digits++;
    return line.n > n && tx_dec_decode((struct tx_text){line.p + n, digits}, ret) == 0;
}

static void remember(struct tx_ledger *ledger, struct tx_text line) {
    struct tx_digest leaf;
    uint8_t client[8];
    uint64_t n, seq;
    if (tx_line_kind(line) != TX_LINE_RECORD || !tx_clients_scan(line, client, &n) ||
        !seq_of(line, &seq))
        return;
    tx_hash_leaf(ledger->hasher, line.p, line.n, &leaf);
    tx_recent_put(ledger->recent, client, n, seq, &leaf);
}

/* The whole segment: what is asked for next is likely to come after this. */
static int remember_segment(struct tx_ledger *ledger, uint64_t first) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
    struct tx_text line;
    int r = tx_lines_open(TX_FD_LEDGER_LOG, first, &lines);
    while (r == 0 || r == TX_LINES_E_LONG) {
        r = tx_lines_next(lines, &line);
        if (r == 0)
            remember(ledger, line);
    }
    return r < 0 ? r : 0;
}

static int search(struct tx_ledger *ledger, const uint8_t client[8], uint64_t n, uint64_t *ret_seq,
                  struct tx_digest *ret_leaf) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n_firsts;
    int r = tx_segment_list(TX_FD_LEDGER_LOG, &firsts, &n_firsts);
    for (size_t i = n_firsts, tries = 0; r == 0 && i > 0 && tries < SEGMENTS_MAX; i--, tries++) {
        r = remember_segment(ledger, firsts[i - 1]);
        if (r == 0 && tx_recent_get(ledger->recent, client, n, ret_seq, ret_leaf))
            return 0;
    }
    return r < 0 ? r : -ENOENT;
}

int tx_ledger_find(struct tx_ledger *ledger, const uint8_t client[8], uint64_t n, uint64_t *ret_seq,
                   struct tx_digest *ret_leaf) {
    int64_t begin = tx_clock_boot();
    if (tx_recent_get(ledger->recent, client, n, ret_seq, ret_leaf))
        return 0;
    if (begin < ledger->search_after)
        return -ENOENT;
    int r = search(ledger, client, n, ret_seq, ret_leaf);
    int64_t end = tx_clock_boot();
    ledger->search_after = end + PAUSE_FACTOR * (end - begin);
    return r;
}
