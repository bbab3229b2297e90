/* SPDX-License-Identifier: MIT */
/*
 * Where delivery begins: at the cursor; or, when that is lost, at what the journal holds already;
 * or at the log's first record.
 */
#include <string.h>

#include "auditd/forward/delivery.h"
#include "libtx/base/file.h"
#include "libtx/segment/control.h"

#define CANDIDATES 4096
/* So many seqs past the cursor a predecessor may have come, with a wide margin: between two
 * savings of the cursor lies about a second. A bound, since anybody of our own user may log a
 * number that is far ahead. */
#define CHECK_SEQS (UINT64_C(1) << 20)
/* The most records that one batch may reach over, filtered ones included. */
#define BATCH_REACH (64u * TX_BATCH_ITEMS)

/* What log.json says; the digest of its bytes tells this log from another of the same name. */
static int identify_log(struct tx_delivery *delivery, struct tx_digest *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes bytes = TX_BYTES_INIT;
    _cleanup_(tx_freep) uint8_t *memory = malloc(TX_LIMIT_CONTROL_LINE_BYTES);
    struct tx_control_log log;

    if (!memory)
        return -ENOMEM;
    int r =
        tx_file_read_at(delivery->options.log_fd, "log.json", TX_LIMIT_CONTROL_LINE_BYTES, &bytes);
    if (r == -ENOENT)
        return TX_DELIVERY_E_NO_LOG;
    if (r < 0)
        return r;
    struct tx_buf scratch = tx_buf_of(memory, TX_LIMIT_CONTROL_LINE_BYTES);
    struct tx_text line = {(const char *)bytes.data, bytes.len};
    if (line.n > 0 && line.p[line.n - 1] == '\n')
        line.n--;
    r = tx_control_parse_log(delivery->hasher, line, &scratch, &log);
    if (r < 0)
        return r;
    if (log.origin.n >= sizeof(delivery->origin))
        return -EBADMSG;
    memcpy(delivery->origin, log.origin.p, log.origin.n);
    delivery->origin[log.origin.n] = '\0';
    tx_hash(delivery->hasher, line.p, line.n, NULL, 0, NULL, 0, ret);
    return tx_confirm_set_origin(delivery->confirm, log.origin);
}

static int by_seq(const void *a, const void *b) {
    const struct tx_confirm_candidate *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Keeps the candidates whose leaf is that of the log's record, each seq once; they are in order. */
static int keep_genuine(struct tx_delivery *delivery, struct tx_confirm_candidate *candidates,
                        size_t *n_candidates) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = NULL;
    struct tx_follow_options options = {
        .dirfd = delivery->options.log_fd, .first = candidates[0].seq, .checkpoint = UINT64_MAX};
    struct tx_follow_item item;
    struct tx_digest leaf;
    size_t kept = 0, at = 0;

    int r = tx_follow_new(&options, &follow);
    while (r == 0 && at < *n_candidates && (r = tx_follow_next(follow, &item)) == 0) {
        bool genuine = false;
        if (item.number < candidates[at].seq)
            continue;
        while (at < *n_candidates && candidates[at].seq < item.number)
            at++;
        tx_hash_leaf(delivery->hasher, item.line.p, item.line.n, &leaf);
        for (; at < *n_candidates && candidates[at].seq == item.number; at++)
            genuine |= memcmp(&candidates[at].leaf, &leaf, sizeof(leaf)) == 0;
        if (genuine)
            candidates[kept++].seq = item.number;
    }
    *n_candidates = kept;
    return r < 0 ? r : 0;
}

/* A batch follows only when the one before it is confirmed as a whole. So of what the journal
 * holds, all but the last batch's worth is without gaps. */
static uint64_t first_unsure(const struct tx_confirm_candidate *genuine, size_t n) {
    if (n > TX_BATCH_ITEMS)
        return genuine[n - TX_BATCH_ITEMS - 1].seq + 1;
    return n == 0 || genuine[0].seq < BATCH_REACH ? 0 : genuine[0].seq;
}

static int recover_cursor(struct tx_delivery *delivery) {
    _cleanup_(tx_freep) struct tx_confirm_candidate *candidates =
        calloc(CANDIDATES, sizeof(*candidates));
    struct tx_sink_cursor *cursor = &delivery->cursor;
    size_t n;

    if (!candidates)
        return -ENOMEM;
    int r = tx_confirm_recent(delivery->confirm, candidates, CANDIDATES, &n, &cursor->seen);
    if (r < 0) {
        tx_delivery_fail(delivery, "cannot read the journal, so it may get old records twice", r);
        return 0;
    }
    if (n == 0)
        return 0;
    qsort(candidates, n, sizeof(*candidates), by_seq);
    r = keep_genuine(delivery, candidates, &n);
    cursor->next = first_unsure(candidates, n);
    cursor->checkpoint = cursor->next > 0 ? cursor->next - 1 : 0;
    return r;
}

int tx_delivery_open(struct tx_delivery *delivery) {
    struct tx_sink_cursor *cursor = &delivery->cursor;
    struct tx_digest log;

    int r = identify_log(delivery, &log);
    if (r == -EBADMSG || r == -ENOTSUP) {
        tx_delivery_fail(delivery, "log.json in the log directory cannot be made sense of", r);
        return TX_DELIVERY_E_NO_LOG;
    }
    if (r != 0)
        return r;
    r = tx_sink_cursor_load(delivery->options.state_fd, &log, cursor);
    if (r == TX_SINK_CURSOR_E_NONE) {
        *cursor = (struct tx_sink_cursor){.log = log};
        r = recover_cursor(delivery);
    }
    if (r < 0)
        return r;
    delivery->seen = cursor->seen;
    delivery->unsaved = true;
    delivery->check_first = true;
    delivery->check_limit = cursor->next + CHECK_SEQS;
    struct tx_follow_options options = {
        .dirfd = delivery->options.log_fd, .first = cursor->next, .checkpoint = cursor->checkpoint};
    return tx_follow_new(&options, &delivery->follow);
}
