/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "auditd/ipc/fds.h"
#include "auditd/ledger/compress.h"
#include "auditd/ledger/ledger.h"
#include "auditd/ledger/retain.h"
#include "auditd/ledger/sinks.h"
#include "libtx/crypto/note.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/lines.h"

#define LOG TX_FD_LEDGER_LOG
#define SECOND_NS INT64_C(1000000000)

static uint64_t size_of(const struct tx_ledger *ledger, uint64_t first) {
    static const char *const suffixes[] = {".jsonl", ".jsonl.zst"};
    uint64_t size = 0;

    if (ledger->segment_fd >= 0 && first == ledger->segment_first)
        return ledger->segment_bytes; /* without the zeros that are laid out ahead */
    for (size_t i = 0; i < TX_COUNT_OF(suffixes); i++) {
        char name[TX_SEGMENT_NAME_BYTES];
        struct stat st;
        tx_segment_name(first, suffixes[i], name);
        if (fstatat(LOG, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0)
            size += (uint64_t)st.st_size;
    }
    return size;
}

int tx_retain_time_of(struct tx_text note, uint64_t *ret) {
    _cleanup_(tx_freep) struct tx_note *parsed = malloc(sizeof(*parsed));
    if (!parsed)
        return -ENOMEM;
    int r = tx_note_parse(note, parsed);
    if (r < 0)
        return r;
    for (size_t i = 0; i < parsed->n_signatures; i++) {
        const struct tx_note_signature *signature = &parsed->signatures[i];
        if (signature->n_blob != TX_SIGNATURE_BYTES + 8)
            continue;
        *ret = 0;
        for (size_t byte = 0; byte < 8; byte++)
            *ret = *ret << 8 | signature->blob[byte];
        return 0;
    }
    return -EBADMSG;
}

/* What the segment that follows says of those before it: the root, and the time of their end. */
static int read_header(struct tx_ledger *ledger, uint64_t first, struct tx_digest *ret_root,
                       uint64_t *ret_time) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
    _cleanup_(tx_freep) struct tx_control_header *header = calloc(1, sizeof(*header));
    _cleanup_(tx_freep) uint8_t *memory = malloc(TX_LIMIT_CONTROL_LINE_BYTES);
    struct tx_text line;

    if (!header || !memory)
        return -ENOMEM;
    int r = tx_lines_open(LOG, first, &lines);
    if (r == 0)
        r = tx_lines_next(lines, &line);
    if (r != 0)
        return r < 0 ? r : -EBADMSG;
    struct tx_buf scratch = tx_buf_of(memory, TX_LIMIT_CONTROL_LINE_BYTES);
    r = tx_control_parse_header(ledger->hasher, line, &scratch, header);
    if (r < 0 || header->first != first)
        return r < 0 ? r : -EBADMSG;
    tx_range_root(&header->range, ledger->hasher, ret_root);
    return tx_retain_time_of(header->previous, ret_time);
}

/* Why the segment is to go, or NULL. */
static const char *why_due(const struct tx_ledger *ledger, int64_t now, uint64_t left,
                           uint64_t wanted, uint64_t time) {
    const struct tx_stream *stream = ledger->stream;
    if (stream->retain_max_age_ns > 0 &&
        now / SECOND_NS - (int64_t)time > stream->retain_max_age_ns / SECOND_NS)
        return "age";
    if (stream->retain_max_bytes > 0 && left > stream->retain_max_bytes)
        return "size";
    return wanted > 0 ? "space" : NULL;
}

static void take(struct tx_retain_plan *plan, uint64_t end, uint64_t bytes, const char *why,
                 const struct tx_digest *root) {
    plan->pruned.end = end;
    plan->pruned.n_segments++;
    plan->pruned.n_bytes += bytes;
    plan->pruned.root = *root;
    plan->pruned.why = (struct tx_text){why, strlen(why)};
}

static void hold(struct tx_retain_plan *plan, uint64_t bytes, const char *sink, uint64_t at) {
    plan->n_held++;
    plan->n_held_bytes += bytes;
    plan->held_by = sink;
    plan->held_at = at;
}

static int choose(struct tx_ledger *ledger, int64_t now, uint64_t wanted, const uint64_t *firsts,
                  size_t n, struct tx_retain_plan *plan) {
    uint64_t left = plan->n_bytes, passed, time;
    const char *sink;
    struct tx_digest root;

    int r = tx_sinks_passed(ledger->stream, ledger->hasher, &passed, &sink);
    for (size_t i = 0; r == 0 && i + 1 < n; i++) {
        uint64_t end = firsts[i + 1], bytes = size_of(ledger, firsts[i]);
        /* All before this is sealed, and the thread that compresses is past it. */
        if (end > ledger->anchor.checkpoint_size || tx_compress_pending(ledger->compress, end))
            break;
        r = read_header(ledger, end, &root, &time);
        if (r < 0)
            return r == -ENOMEM ? r : 0; /* what cannot be read is no more removed than proven */
        const char *why = why_due(ledger, now, left, wanted, time);
        if (!why)
            break;
        if (end > passed || plan->n_held > 0)
            hold(plan, bytes, sink, passed);
        else
            take(plan, end, bytes, why, &root);
        left -= bytes < left ? bytes : left;
        wanted -= bytes < wanted ? bytes : wanted;
    }
    return r;
}

int tx_retain_plan(struct tx_ledger *ledger, int64_t now, uint64_t wanted_bytes,
                   struct tx_retain_plan *ret) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n;

    *ret = (struct tx_retain_plan){.n_segments = 0};
    int r = tx_segment_list(LOG, &firsts, &n);
    if (r < 0 || n == 0)
        return r;
    ret->log_first = ret->pruned.first = ret->pruned.end = firsts[0];
    ret->n_segments = n;
    for (size_t i = 0; i < n; i++)
        ret->n_bytes += size_of(ledger, firsts[i]);
    return choose(ledger, now, wanted_bytes, firsts, n, ret);
}
