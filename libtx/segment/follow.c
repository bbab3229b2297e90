/* SPDX-License-Identifier: MIT */
/*
 * A plain segment is read twice: first to find its last checkpoint line, then the lines before it.
 * A compressed one is sealed and so covered as a whole. At the end of a segment the directory is
 * looked at; only when a next segment was there before the last look at this one found nothing new,
 * this one is left: so a seal that is written in between is not missed.
 */
#include "libtx/segment/follow.h"

#include <string.h>

#include "libtx/base/limits.h"
#include "libtx/merkle/checkpoint.h"
#include "libtx/segment/control.h"
#include "libtx/segment/lines.h"

struct tx_follow {
    struct tx_follow_options options;
    struct tx_follow_counts counts;
    uint64_t next;       /* the seq that comes next */
    uint64_t checkpoint; /* the size of the last one that was given out */

    struct tx_lines *lines; /* NULL: no segment is open */
    uint64_t first;         /* of that segment */
    bool damaged;           /* no more can be read of it */
    uint64_t proven_end;    /* where its last checkpoint line ends, in bytes; plain ones only */

    uint8_t note_memory[TX_LIMIT_CONTROL_LINE_BYTES];
};

int tx_follow_new(const struct tx_follow_options *options, struct tx_follow **ret) {
    struct tx_follow *follow = calloc(1, sizeof(*follow));
    if (!follow)
        return -ENOMEM;
    follow->options = *options;
    follow->next = options->first;
    follow->checkpoint = options->checkpoint;
    *ret = follow;
    return 0;
}

void tx_follow_free(struct tx_follow *follow) {
    if (!follow)
        return;
    tx_lines_close(follow->lines);
    free(follow);
}

struct tx_follow_counts tx_follow_counts(const struct tx_follow *follow) {
    return follow->counts;
}

/* The size and the note of a checkpoint or seal line. -EBADMSG when it is neither, or damaged. */
static int read_checkpoint(struct tx_follow *follow, struct tx_text line, uint64_t *ret_size,
                           struct tx_text *ret_note) {
    struct tx_buf scratch = tx_buf_of(follow->note_memory, sizeof(follow->note_memory));
    struct tx_control_checkpoint checkpoint;
    struct tx_control_seal seal;
    struct tx_checkpoint text;
    enum tx_line_kind kind = tx_line_kind(line);
    int r = -EBADMSG;

    if (kind == TX_LINE_CHECKPOINT) {
        r = tx_control_parse_checkpoint(line, &scratch, &checkpoint);
    } else if (kind == TX_LINE_SEAL) {
        r = tx_control_parse_seal(line, &scratch, &seal);
        checkpoint.note = seal.note;
    }
    if (r < 0)
        return r;
    const char *end = memmem(checkpoint.note.p, checkpoint.note.n, "\n\n", 2);
    if (!end ||
        tx_checkpoint_parse(
            (struct tx_text){checkpoint.note.p, (size_t)(end - checkpoint.note.p) + 1}, &text) < 0)
        return -EBADMSG;
    *ret_size = text.size;
    *ret_note = checkpoint.note;
    return 0;
}

/* Finds the last checkpoint line from the present place on; the place stays. */
static int find_proven_end(struct tx_follow *follow) {
    uint64_t place = tx_lines_offset(follow->lines);
    struct tx_text line, note;
    uint64_t size;
    int r;

    while ((r = tx_lines_next(follow->lines, &line)) == 0 || r == TX_LINES_E_LONG) {
        if (r == TX_LINES_E_LONG || read_checkpoint(follow, line, &size, &note) < 0)
            continue;
        follow->proven_end = tx_lines_offset(follow->lines);
    }
    if (r < 0)
        return r;
    return tx_lines_seek(follow->lines, place);
}

static int open_segment(struct tx_follow *follow, uint64_t first) {
    tx_lines_close(follow->lines);
    follow->lines = NULL;
    follow->first = first;
    follow->damaged = false;
    follow->proven_end = 0;
    int r = tx_lines_open(follow->options.dirfd, first, &follow->lines);
    if (r == 0 && first > follow->next) {
        follow->counts.missing += first - follow->next;
        follow->next = first;
    }
    return r;
}

/* The segment that holds `next`, or the first one after it. */
static int open_first(struct tx_follow *follow) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n, at = 0;

    int r = tx_segment_list(follow->options.dirfd, &firsts, &n);
    if (r < 0)
        return r;
    if (n == 0)
        return TX_FOLLOW_E_END;
    while (at + 1 < n && firsts[at + 1] <= follow->next)
        at++;
    return open_segment(follow, firsts[at]);
}

/* The segment after the present one; TX_FOLLOW_E_END when there is none. */
static int find_following(struct tx_follow *follow, uint64_t *ret_first) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n;

    int r = tx_segment_list(follow->options.dirfd, &firsts, &n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if (firsts[i] > follow->first) {
            *ret_first = firsts[i];
            return 0;
        }
    return TX_FOLLOW_E_END;
}

/* A file that has become shorter than what was read of it is read anew. */
static int look_again(struct tx_follow *follow) {
    uint64_t size;

    if (tx_lines_compressed(follow->lines))
        return 0;
    int r = tx_lines_size(follow->lines, &size);
    if (r == 0 && size < tx_lines_offset(follow->lines)) {
        follow->proven_end = 0;
        r = tx_lines_seek(follow->lines, 0);
    }
    return r < 0 || follow->options.unproven ? r : find_proven_end(follow);
}

/* The next line that may be given out now. */
static int next_line(struct tx_follow *follow, struct tx_text *ret) {
    if (follow->damaged)
        return TX_LINES_E_END;
    if (!follow->options.unproven && !tx_lines_compressed(follow->lines) &&
        tx_lines_offset(follow->lines) >= follow->proven_end)
        return TX_LINES_E_END;
    int r = tx_lines_next(follow->lines, ret);
    if (r == TX_LINES_E_LONG)
        follow->counts.unreadable++;
    if (r == -EBADMSG) { /* nothing can be read behind damage in a compressed file */
        follow->counts.unreadable++;
        follow->damaged = true;
        r = TX_LINES_E_END;
    }
    return r;
}

/* Nothing more can be read in the present segment: 0 when there is something new in it or the next
 * one is open now. */
static int go_on(struct tx_follow *follow) {
    uint64_t following;
    struct tx_text line;
    int r = find_following(follow, &following);
    if (r < 0)
        return r;
    bool is_last = r == TX_FOLLOW_E_END;
    if (!tx_lines_compressed(follow->lines)) {
        uint64_t place = tx_lines_offset(follow->lines);
        r = look_again(follow);
        if (r < 0)
            return r;
        if (!follow->options.unproven && tx_lines_offset(follow->lines) < follow->proven_end)
            return 0;
        if (follow->options.unproven && tx_lines_next(follow->lines, &line) == 0)
            return tx_lines_seek(follow->lines, place);
    }
    return is_last ? TX_FOLLOW_E_END : open_segment(follow, following);
}

static bool seq_of(struct tx_text line, uint64_t *ret) {
    static const struct tx_text prefix = TX_TEXT("{\"seq\":");
    size_t n = 0;

    if (!tx_text_starts(line, prefix) || line.n > TX_LIMIT_LINE_BYTES)
        return false;
    while (prefix.n + n < line.n && line.p[prefix.n + n] != ',')
        n++;
    return tx_dec_decode((struct tx_text){line.p + prefix.n, n}, ret) == 0;
}

/* A file has more bytes than records: so one damaged number does not hide all that follow it. */
static bool gap_plausible(const struct tx_follow *follow, uint64_t seq) {
    uint64_t size;
    return tx_lines_compressed(follow->lines) ||
           (tx_lines_size(follow->lines, &size) == 0 && seq - follow->first < size);
}

/* True when it is to be given out. */
static bool take_record(struct tx_follow *follow, struct tx_text line, struct tx_follow_item *ret) {
    uint64_t seq;

    if (!seq_of(line, &seq) || seq == UINT64_MAX) {
        follow->counts.unreadable++;
        return false;
    }
    if (seq < follow->next)
        return false;
    if (seq > follow->next && !gap_plausible(follow, seq)) {
        follow->counts.unreadable++;
        return false;
    }
    follow->counts.missing += seq - follow->next;
    follow->next = seq + 1;
    *ret = (struct tx_follow_item){.kind = TX_FOLLOW_RECORD, .number = seq, .line = line};
    return true;
}

static bool take_line(struct tx_follow *follow, struct tx_text line, struct tx_follow_item *ret) {
    struct tx_text note;
    uint64_t size;

    switch (tx_line_kind(line)) {
    case TX_LINE_RECORD:
        return take_record(follow, line, ret);
    case TX_LINE_CHECKPOINT:
    case TX_LINE_SEAL:
        if (read_checkpoint(follow, line, &size, &note) < 0) {
            follow->counts.unreadable++;
            return false;
        }
        if (size <= follow->checkpoint)
            return false;
        follow->checkpoint = size;
        *ret = (struct tx_follow_item){
            .kind = TX_FOLLOW_CHECKPOINT, .number = size, .line = line, .note = note};
        return true;
    case TX_LINE_HEADER:
        return false;
    default:
        follow->counts.unreadable++;
        return false;
    }
}

int tx_follow_next(struct tx_follow *follow, struct tx_follow_item *ret) {
    struct tx_text line;
    int r = 0;

    while (r == 0 || r == TX_LINES_E_LONG) {
        if (!follow->lines) {
            r = open_first(follow);
            continue;
        }
        r = next_line(follow, &line);
        if (r == 0 && take_line(follow, line, ret))
            return 0;
        if (r == TX_LINES_E_END)
            r = go_on(follow);
    }
    /* -ENOENT: it was compressed or pruned since the look at the directory. */
    return r == -ENOENT ? TX_FOLLOW_E_END : r;
}
