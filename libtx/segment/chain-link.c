/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/segment/chain-parts.h"
#include "libtx/segment/pool.h"

static uint64_t first_of(const struct tx_chain *c, size_t index) {
    return c->directory.segments[index].first;
}

static bool is_last(const struct tx_chain *c, size_t index) {
    return c->file_name || index + 1 == c->directory.n_segments;
}

static void name_segment(const struct tx_chain *c, size_t index, char ret[TX_FINDING_FILE_BYTES]) {
    char name[TX_SEGMENT_NAME_BYTES];
    if (c->file_name) {
        snprintf(ret, TX_FINDING_FILE_BYTES, "%s", c->file_name);
        return;
    }
    const struct tx_directory_segment *segment = &c->directory.segments[index];
    tx_segment_name(segment->first, segment->plain ? ".jsonl" : ".jsonl.zst", name);
    snprintf(ret, TX_FINDING_FILE_BYTES, "%s", name);
}

static bool has_kind(const struct tx_findings *findings, enum tx_finding_kind kind) {
    for (size_t i = 0; i < findings->n; i++)
        if (!findings->items[i].withdrawn && findings->items[i].kind == kind)
            return true;
    return false;
}

/* The segment before it is proven to where this one begins, and this one's header says otherwise:
 * verify it again from what is proven. When nothing in it is proven then, it is not the header
 * alone that does not belong here, and the first look says more. */
static int verify_again(struct tx_chain *c, size_t index, const char *file,
                        struct tx_segment_result *result) {
    struct tx_segment_result again;
    int r = tx_pool_verify_one(c->hasher, c->dirfd, &c->directory, index, &c->verify,
                               &c->carry.state, &again);
    if (r < 0)
        return r;
    bool unsupported = has_kind(&result->findings, TX_FINDING_UNSUPPORTED);
    if (again.n_proven > 0 || (again.n_checkpoints == 0 && !unsupported)) {
        tx_segment_result_deinit(result);
        *result = again;
        return 0;
    }
    if (tx_findings_gravest(&result->findings) < TX_CLASS_TAMPERED && !unsupported)
        tx_chain_find(c, TX_FINDING_FOREIGN, file,
                      "nothing in the segment follows from the one before it");
    tx_segment_result_deinit(&again);
    return 0;
}

static bool follows(const struct tx_chain *c, const struct tx_segment_result *result) {
    return c->carry.has_state && result->has_header &&
           !tx_log_state_difference(&c->carry.state, &result->start);
}

/* The header is not what is proven to stand here. But that a log's first header names another key
 * than the auditor does is a question of trust. */
static bool should_verify_again(const struct tx_chain *c, size_t index,
                                const struct tx_segment_result *result) {
    if (c->file_name || !c->carry.has_state || follows(c, result) ||
        first_of(c, index) != c->carry.state.range.end)
        return false;
    return c->carry.any || !result->has_header ||
           tx_vkey_equal(&result->start.epoch_vkey, &c->epoch0);
}

/* Whether the header's epoch key can be trusted, when no segment before it leads there. */
static int check_anchor(struct tx_chain *c, size_t index, const struct tx_log_state *start,
                        bool *ret_anchored) {
    uint64_t begin = 0, epoch = 0;
    char file[TX_FINDING_FILE_BYTES];
    int r =
        tx_epochs_check(c->epochs, start->epoch, &start->epoch_vkey, c->options->accepted_breaks,
                        c->options->n_accepted_breaks, &begin, &epoch);
    if (r < 0)
        return r;
    name_segment(c, index, file);
    *ret_anchored = r == 0;
    if (r == 0) {
        c->has_epoch_begin = true;
        c->epoch_begin = begin;
    } else if (r == TX_EPOCHS_E_ABSENT && start->epoch == 0) {
        tx_chain_find(c, TX_FINDING_UNKNOWN_KEY, file,
                      "nothing at hand says which key epoch 0 has: give --epoch0");
    } else if (r == TX_EPOCHS_E_ABSENT) {
        tx_chain_find(c, TX_FINDING_UNKNOWN_KEY, file,
                      "its epoch key is not anchored: epochs/%llu.tlog-proof is not at hand",
                      (unsigned long long)epoch);
    } else if (r == TX_EPOCHS_E_BROKEN) {
        tx_chain_find(c, TX_FINDING_BROKEN_EPOCH, file,
                      "the chain of epoch keys is broken at the end of epoch %llu (--accept-break "
                      "%llu, if you know why)",
                      (unsigned long long)epoch - 1, (unsigned long long)epoch - 1);
    } else {
        tx_chain_find(c, TX_FINDING_WRONG_EPOCH, file,
                      "its epoch key does not follow from the keys of the epochs before it");
    }
    return 0;
}

/* What stands between the segment before and this one. */
static void find_gap(struct tx_chain *c, size_t index) {
    uint64_t first = first_of(c, index), end = c->carry.next_seq;
    char file[TX_FINDING_FILE_BYTES];
    name_segment(c, index, file);
    if (!c->carry.any) {
        if (first > 0)
            tx_chain_find_records(c, TX_FINDING_MISSING_SEGMENT, file, 0, first - 1,
                                  "the records before this segment are not there");
        return;
    }
    if (!c->carry.sealed && !c->carry.given_up && !c->carry.explained)
        tx_chain_find(
            c, TX_FINDING_CUT_OFF, c->carry.file,
            "the segment has no seal, and the next one begins at none of its checkpoints");
    else if (first > end && c->carry.sealed)
        tx_chain_find_records(c, TX_FINDING_MISSING_SEGMENT, file, end, first - 1,
                              "the records between this segment and the one before are not there");
    else if (first < end && c->carry.sealed && !c->carry.explained)
        tx_chain_find(c, TX_FINDING_INSERTED, file,
                      "the segment begins before the one in front of it ends");
}

static void add_proven(struct tx_chain *c, uint64_t begin, uint64_t end) {
    struct tx_chain_verdict *v = c->verdict;
    if (begin >= end)
        return;
    if (v->n_proven > 0 && v->proven[v->n_proven - 1].end == begin) {
        v->proven[v->n_proven - 1].end = end;
        return;
    }
    struct tx_seq_span *spans = realloc(v->proven, (v->n_proven + 1) * sizeof(*spans));
    if (!spans)
        return; /* what is not listed is not claimed */
    v->proven = spans;
    spans[v->n_proven++] = (struct tx_seq_span){begin, end};
}

/* The segment was given up at a checkpoint: what stands behind it is not part of the log. */
static void cut_at_stop(struct tx_chain *c, struct tx_segment_result *result, const char *file) {
    uint64_t size = result->stop.range.end;
    for (size_t i = 0; i < result->findings.n; i++)
        if (result->findings.items[i].offset >= result->stop_offset)
            result->findings.items[i].withdrawn = true;
    while (result->n_epochs > 0 && result->epochs[result->n_epochs - 1].seq >= size)
        result->n_epochs--;
    while (result->n_proven > 0 && result->proven[result->n_proven - 1].begin >= size)
        result->n_proven--;
    if (result->n_proven > 0 && result->proven[result->n_proven - 1].end > size)
        result->proven[result->n_proven - 1].end = size;
    tx_found_drop_from(&result->found, size);
    if (result->next_seq > size)
        result->n_records -= result->next_seq - size;
    if (result->has_reach && result->reach.range.end > size) {
        free(TX_STEAL(result->last_note));
        result->reach = result->stop;
    }
    result->has_pruned = result->has_pruned && result->pruned.seq < size;
    result->end = result->stop;
    result->next_seq = size;
    result->lost = false;
    tx_chain_find(c, TX_FINDING_GIVEN_UP, file,
                  "its writing was given up after the checkpoint of size %llu; what follows there "
                  "is not part of the log, and the next segment goes on",
                  (unsigned long long)size);
}

static void find_tail(struct tx_chain *c, const struct tx_segment_result *result,
                      const char *file) {
    struct tx_finding finding = {.kind = TX_FINDING_UNSIGNED_TAIL,
                                 .class = TX_CLASS_INCOMPLETE,
                                 .offset = result->tail_offset,
                                 .first_seq = TX_NO_SEQ,
                                 .last_seq = TX_NO_SEQ};
    c->verdict->n_tail = result->n_tail_records;
    if (c->options->upto_checkpoint || (result->n_tail_records == 0 && result->n_tail_bytes == 0))
        return;
    if (result->n_tail_records > 0) {
        finding.first_seq = result->next_seq - result->n_tail_records;
        finding.last_seq = result->next_seq - 1;
    }
    snprintf(finding.file, sizeof(finding.file), "%s", file);
    snprintf(finding.text, sizeof(finding.text),
             "%llu records in %llu bytes stand behind the last checkpoint, not signed yet "
             "(--upto-checkpoint leaves them out)",
             (unsigned long long)result->n_tail_records, (unsigned long long)result->n_tail_bytes);
    tx_findings_add(&c->verdict->findings, &finding);
}

static void take_end(struct tx_chain *c, struct tx_segment_result *result) {
    struct tx_chain_verdict *v = c->verdict;
    const struct tx_log_state *reach = result->has_reach ? &result->reach : &result->start;
    for (size_t i = 0; i < result->n_proven; i++)
        add_proven(c, result->proven[i].begin, result->proven[i].end);
    if (!result->has_reach && (v->has_end || reach->range.end == 0 || result->epoch_unproven ||
                               result->untrusted_from != TX_NO_SEQ))
        return;
    v->has_end = true;
    v->end_size = reach->range.end;
    v->end_time = reach->time;
    v->epoch = reach->epoch;
    tx_range_root(&reach->range, c->hasher, &v->end_root);
    memcpy(v->end_event, result->last_event, sizeof(v->end_event));
    free(v->end_note);
    v->end_note = TX_STEAL(result->last_note);
    v->n_end_note = v->end_note ? result->n_last_note : 0;
}

static void take_epochs(struct tx_chain *c, const struct tx_segment_result *result) {
    for (size_t i = 0; i < result->n_epochs; i++) {
        if (!result->has_reach || result->epochs[i].seq >= result->reach.range.end)
            return;
        c->has_epoch_begin = true;
        c->epoch_begin = result->epochs[i].seq + 1;
        tx_epochs_advance(c->epochs, result->epochs[i].epoch, &result->epochs[i].vkey,
                          result->epochs[i].seq + 1);
    }
}

static void take_watches(struct tx_chain *c, const struct tx_segment_result *result) {
    if (result->has_watch[0]) {
        c->memory_checked = true;
        c->segments_memory_root = result->watch[0];
    }
    if (result->has_watch[1]) {
        c->checkpoint_checked = true;
        c->segments_checkpoint_root = result->watch[1];
    }
}

static void carry_on(struct tx_chain *c, const struct tx_segment_result *result, const char *file,
                     bool given_up, bool anchored) {
    struct tx_chain_carry *carry = &c->carry;
    carry->any = true;
    carry->sealed = result->sealed;
    carry->given_up = given_up;
    carry->anchored = anchored;
    carry->explained = tx_findings_gravest(&result->findings) >= TX_CLASS_UNDECIDED;
    carry->next_seq = result->next_seq;
    carry->has_state = result->has_header && !result->lost &&
                       (!result->sealed || result->end.range.end == result->next_seq);
    carry->state = result->end;
    snprintf(carry->file, sizeof(carry->file), "%s", file);
}

/* A file with nothing in it is begun anew when it is the last one; else its content is gone. */
static void judge_unfinished(struct tx_chain *c, size_t index, struct tx_segment_result *result) {
    for (size_t i = 0; i < result->findings.n; i++) {
        struct tx_finding *finding = &result->findings.items[i];
        if (finding->kind != TX_FINDING_UNFINISHED || is_last(c, index))
            continue;
        finding->kind = TX_FINDING_CUT_OFF;
        finding->class = TX_CLASS_TAMPERED;
    }
}

static int anchor(struct tx_chain *c, size_t index, struct tx_segment_result *result,
                  bool *ret_anchored) {
    *ret_anchored = c->carry.anchored && follows(c, result);
    if (*ret_anchored || !result->has_header)
        return 0;
    return check_anchor(c, index, &result->start, ret_anchored);
}

int tx_chain_link(struct tx_chain *c, size_t index, struct tx_segment_result *result) {
    char file[TX_FINDING_FILE_BYTES];
    bool anchored = false, given_up;
    int r = 0;

    name_segment(c, index, file);
    if (should_verify_again(c, index, result))
        r = verify_again(c, index, file, result);
    if (r < 0)
        return r;
    judge_unfinished(c, index, result);
    if (!c->file_name && !(c->carry.has_state && first_of(c, index) == c->carry.state.range.end))
        find_gap(c, index);
    r = anchor(c, index, result, &anchored);
    if (r < 0)
        return r;
    given_up = !is_last(c, index) && !result->sealed && result->has_stop;
    if (given_up)
        cut_at_stop(c, result, file);
    r = tx_found_move(&c->verdict->found, &result->found);
    if (r < 0)
        return r;
    if (!anchored || !c->trusted) {
        result->n_proven = 0;
        result->has_reach = false;
    }
    bool may_reach = anchored && c->trusted;
    c->trusted = c->trusted && result->untrusted_from == TX_NO_SEQ;
    c->verdict->n_records += result->n_records;
    c->verdict->n_checkpoints += result->n_checkpoints;
    take_watches(c, result);
    /* A last file that was only just begun takes nothing away from the one before it. */
    if (!is_last(c, index) || !has_kind(&result->findings, TX_FINDING_UNFINISHED))
        carry_on(c, result, file, given_up, anchored && !result->epoch_unproven);
    if (anchored) {
        take_epochs(c, result);
        if (may_reach) {
            tx_chain_take_pruned(c, result);
            take_end(c, result);
        }
        r = tx_chain_compare_epochs(c, result);
    }
    if (is_last(c, index) && result->has_header && !result->lost)
        find_tail(c, result, file);
    tx_findings_move(&c->verdict->findings, &result->findings);
    return r;
}
