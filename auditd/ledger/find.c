/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "auditd/ipc/fds.h"
#include "auditd/ledger/ledger.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/lines.h"

/* Asked for when a client repeats a durable call whose receipt was lost: the record is a recent
 * one. */
#define SEGMENTS_MAX 4

struct wanted {
    uint8_t client[8];
    uint64_t n;
};

static bool is_wanted(struct tx_text line, const struct wanted *wanted) {
    uint8_t client[8];
    uint64_t n;
    return tx_line_kind(line) == TX_LINE_RECORD && tx_clients_scan(line, client, &n) &&
           n == wanted->n && memcmp(client, wanted->client, sizeof(client)) == 0;
}

static int answer(struct tx_ledger *ledger, struct tx_text line, uint64_t *ret_seq,
                  struct tx_digest *ret_leaf) {
    size_t n = sizeof("{\"seq\":") - 1, digits = 0;
    while (n + digits < line.n && line.p[n + digits] != ',')
        digits++;
    tx_hash_leaf(ledger->hasher, line.p, line.n, ret_leaf);
    return tx_dec_decode((struct tx_text){line.p + n, digits}, ret_seq);
}

static int find_in_tail(struct tx_ledger *ledger, const struct wanted *wanted, uint64_t *ret_seq,
                        struct tx_digest *ret_leaf) {
    const char *p = (const char *)ledger->tail.data, *end = p + ledger->tail.len;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        struct tx_text line = {.p = p, .n = (size_t)((newline ? newline : end) - p)};
        if (is_wanted(line, wanted))
            return answer(ledger, line, ret_seq, ret_leaf);
        p += line.n + 1;
    }
    return -ENOENT;
}

static int find_in_segment(struct tx_ledger *ledger, uint64_t first, const struct wanted *wanted,
                           uint64_t *ret_seq, struct tx_digest *ret_leaf) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
    struct tx_text line;
    int r = tx_lines_open(TX_FD_LEDGER_LOG, first, &lines);
    while (r >= 0) {
        r = tx_lines_next(lines, &line);
        if (r == TX_LINES_E_END)
            return -ENOENT;
        if (r == 0 && is_wanted(line, wanted))
            return answer(ledger, line, ret_seq, ret_leaf);
    }
    return r;
}

int tx_ledger_find(struct tx_ledger *ledger, const uint8_t client[8], uint64_t n, uint64_t *ret_seq,
                   struct tx_digest *ret_leaf) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    struct wanted wanted = {.n = n};
    size_t n_firsts;

    memcpy(wanted.client, client, sizeof(wanted.client));
    int r = find_in_tail(ledger, &wanted, ret_seq, ret_leaf);
    if (r != -ENOENT)
        return r;
    r = tx_segment_list(TX_FD_LEDGER_LOG, &firsts, &n_firsts);
    if (r < 0)
        return r;
    for (size_t i = n_firsts, tries = 0; i > 0 && tries < SEGMENTS_MAX; i--, tries++) {
        r = find_in_segment(ledger, firsts[i - 1], &wanted, ret_seq, ret_leaf);
        if (r != -ENOENT)
            return r;
    }
    return -ENOENT;
}
