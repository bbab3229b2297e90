/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/file.h"
#include "libtx/merkle/checkpoint.h"
#include "libtx/segment/chain-parts.h"

#define LOG_JSON "log.json"
#define CHECKPOINT "checkpoint"

static bool same_digest(const struct tx_digest *a, const struct tx_digest *b) {
    return memcmp(a->bytes, b->bytes, TX_HASH_BYTES) == 0;
}

static void take_identity(struct tx_chain *c, const struct tx_vkey *identity,
                          struct tx_text origin) {
    c->verdict->identity = *identity;
    c->verdict->has_identity = true;
    memcpy(c->verdict->origin, origin.p, origin.n);
    c->verdict->origin[origin.n] = '\0';
}

static void take_epoch0(struct tx_chain *c, const struct tx_vkey *epoch0) {
    c->epoch0 = *epoch0;
    c->has_epoch0 = true;
}

static struct tx_text origin_of(const struct tx_vkey *identity) {
    return (struct tx_text){identity->name, identity->n_name};
}

/* The keys that the auditor was handed count; the log's own copy only where he has none. */
static void compare_keys(struct tx_chain *c, const struct tx_control_log *log) {
    const struct tx_chain_options *o = c->options;
    if (o->identity && !tx_vkey_equal(o->identity, &log->identity))
        tx_chain_find(c, TX_FINDING_WRONG_KEY, LOG_JSON,
                      "its identity key is not the one that was given");
    if (o->epoch0 && !tx_vkey_equal(o->epoch0, &log->epoch0))
        tx_chain_find(c, TX_FINDING_WRONG_KEY, LOG_JSON,
                      "its key of epoch 0 is not the one that was given");
    if (!tx_key_is_identity(&log->identity, log->origin) ||
        !tx_key_is_epoch(&log->epoch0, log->origin, 0))
        tx_chain_find(c, TX_FINDING_CHANGED, LOG_JSON, "its keys have wrong names or types");
    if (!o->identity)
        take_identity(c, &log->identity, log->origin);
    if (!o->epoch0)
        take_epoch0(c, &log->epoch0);
    c->verdict->trusted_copy = !o->identity || !o->epoch0;
    if (!o->identity)
        tx_chain_find(c, TX_FINDING_TRUSTED_COPY, LOG_JSON,
                      "no --identity was given: the log's own copy of its keys was trusted, which "
                      "proves nothing against who can replace the whole log");
    else if (!o->epoch0)
        tx_chain_find(c, TX_FINDING_TRUSTED_COPY, LOG_JSON,
                      "no --epoch0 was given: the log's own copy of that key was trusted");
    if (log->continues_origin.p)
        tx_chain_find(c, TX_FINDING_CONTINUES, LOG_JSON,
                      "this log was begun in place of another, whose last checkpoint it names");
}

static void find_no_log_json(struct tx_chain *c, int error) {
    const struct tx_chain_options *o = c->options;
    if (error != -ENOENT && error != -ENOTDIR) {
        tx_chain_find(c, TX_FINDING_UNREADABLE, LOG_JSON, "%s",
                      error == -EINVAL ? "it is not a regular file" : strerror(-error));
        return;
    }
    if (!o->identity)
        tx_chain_find(c, TX_FINDING_UNREADABLE, LOG_JSON,
                      "it is missing, and no --identity was given: there is no key to check with");
    else if (!c->file_name)
        tx_chain_find(c, TX_FINDING_MISSING_FILE, LOG_JSON, "it is missing");
}

static int parse_log_json(struct tx_chain *c, struct tx_text text) {
    struct tx_control_log log;
    _cleanup_(tx_freep) uint8_t *memory = malloc(text.n + 1);
    if (!memory)
        return -ENOMEM;
    struct tx_buf scratch = tx_buf_of(memory, text.n);
    int r = -EBADMSG;
    if (text.n > 0 && text.p[text.n - 1] == '\n')
        r = tx_control_parse_log(c->hasher, (struct tx_text){text.p, text.n - 1}, &scratch, &log);
    if (r == -ENOMEM)
        return r;
    if (r == 0)
        compare_keys(c, &log);
    else if (r == -ENOTSUP)
        tx_chain_find(c, TX_FINDING_UNSUPPORTED, LOG_JSON,
                      "it is of a version, hash or type of key that is not known here");
    else
        tx_chain_find(c, TX_FINDING_MALFORMED, LOG_JSON, "it has not its one valid spelling");
    return 0;
}

int tx_chain_read_identity(struct tx_chain *c) {
    const struct tx_chain_options *o = c->options;
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    if (o->identity)
        take_identity(c, o->identity, origin_of(o->identity));
    if (o->epoch0)
        take_epoch0(c, o->epoch0);
    int r = tx_file_read_at(c->dirfd, LOG_JSON, TX_LIMIT_CONTROL_LINE_BYTES, &file);
    if (r == -ENOMEM)
        return r;
    if (r < 0) {
        find_no_log_json(c, r);
        return 0;
    }
    return parse_log_json(c, (struct tx_text){(const char *)file.data, file.len});
}

/* The file is a note of this log, signed by its identity. */
static int parse_checkpoint(struct tx_chain *c, struct tx_text text) {
    struct tx_checkpoint checkpoint;
    struct tx_signature_verdict verdict;
    _cleanup_(tx_freep) struct tx_note *note = malloc(sizeof(*note));
    if (!note)
        return -ENOMEM;
    if (tx_note_parse(text, note) < 0 || tx_checkpoint_parse(note->text, &checkpoint) < 0 ||
        !tx_text_equal(checkpoint.origin,
                       (struct tx_text){c->verdict->origin, strlen(c->verdict->origin)})) {
        tx_chain_find(c, TX_FINDING_CHANGED, CHECKPOINT, "it is no checkpoint of this log");
        return 0;
    }
    const struct tx_signers signers = {
        .identity = c->verdict->has_identity ? &c->verdict->identity : NULL, .allow_more = true};
    int r = tx_signatures_check(&c->options->checker, note, &signers, &verdict);
    if (r < 0)
        return r;
    if (r > 0) {
        tx_chain_find(c, verdict.kind, CHECKPOINT, "%s", verdict.text);
        return 0;
    }
    c->has_checkpoint_file = true;
    c->checkpoint_size = checkpoint.size;
    c->checkpoint_root = checkpoint.root;
    return 0;
}

int tx_chain_read_checkpoint(struct tx_chain *c) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    int r = tx_file_read_at(c->dirfd, CHECKPOINT, TX_LIMIT_NOTE_BYTES, &file);
    if (r == -ENOMEM)
        return r;
    if (r == -ENOENT || (r < 0 && c->file_name))
        return 0;
    if (r == -EFBIG)
        tx_chain_find(c, TX_FINDING_CHANGED, CHECKPOINT, "it is longer than any checkpoint");
    else if (r < 0)
        tx_chain_find(c, TX_FINDING_UNREADABLE, CHECKPOINT, "%s",
                      r == -EINVAL ? "it is not a regular file" : strerror(-r));
    if (r < 0 || c->verdict->origin[0] == '\0')
        return 0;
    return parse_checkpoint(c, (struct tx_text){(const char *)file.data, file.len});
}

void tx_chain_compare_checkpoint(struct tx_chain *c) {
    const struct tx_chain_verdict *v = c->verdict;
    if (c->file_name)
        return;
    if (!c->has_checkpoint_file) {
        if (v->has_end && tx_findings_gravest(&v->findings) < TX_CLASS_TAMPERED)
            tx_chain_find(c, TX_FINDING_MISSING_FILE, CHECKPOINT,
                          "it is missing: it would tell whether the log's end was cut off");
        return;
    }
    /* Whether or not its keys are trusted, this is where the last segment ends. */
    uint64_t size = c->checkpoint_size, next = c->carry.next_seq;
    bool ahead = c->carry.has_state && size > c->carry.state.range.end;
    if (ahead && size > next)
        tx_chain_find_records(c, TX_FINDING_CUT_OFF, CHECKPOINT, next, size - 1,
                              "the latest checkpoint covers records that the segments do not hold");
    else if (c->checkpoint_checked &&
             !same_digest(&c->checkpoint_root, &c->segments_checkpoint_root))
        tx_chain_find(c, TX_FINDING_FORKED, CHECKPOINT,
                      "its root for size %llu is not that of the segments",
                      (unsigned long long)size);
    else if (ahead && !c->carry.explained)
        tx_chain_find(c, TX_FINDING_CUT_OFF, CHECKPOINT,
                      "the latest checkpoint, of size %llu, is missing from the segments",
                      (unsigned long long)size);
}

void tx_chain_compare_memory(struct tx_chain *c) {
    const struct tx_chain_options *o = c->options;
    struct tx_chain_verdict *v = c->verdict;
    if (!o->has_memory)
        return;
    if (c->memory_checked && !same_digest(&o->memory_root, &c->segments_memory_root)) {
        tx_chain_find(c, TX_FINDING_FORKED, "",
                      "at size %llu the log had another root when it was verified before: its "
                      "history was rewritten",
                      (unsigned long long)o->memory_size);
        return;
    }
    v->memory_was_checked = c->memory_checked;
    /* What could not be read or trusted did not shrink. */
    if (c->file_name || tx_findings_gravest(&v->findings) == TX_CLASS_TRUST ||
        tx_findings_gravest(&v->findings) == TX_CLASS_UNDECIDED)
        return;
    if (!c->memory_checked && v->has_end && o->memory_size <= v->end_size)
        tx_chain_find(c, TX_FINDING_PRUNED, "",
                      "size %llu was verified before, and what stood there is not at hand to "
                      "compare; it stays remembered",
                      (unsigned long long)o->memory_size);
    if (o->memory_size > (v->has_end ? v->end_size : 0))
        tx_chain_find(c, TX_FINDING_SHRUNK, "",
                      "%llu records were proven before, and now it is %llu: the end is gone",
                      (unsigned long long)o->memory_size,
                      (unsigned long long)(v->has_end ? v->end_size : 0));
}

int tx_chain_compare_epochs(struct tx_chain *c, const struct tx_segment_result *result) {
    for (size_t i = 0; i < result->n_epochs; i++) {
        const struct tx_segment_epoch *epoch = &result->epochs[i];
        char name[64];
        snprintf(name, sizeof(name), "epochs/%llu.tlog-proof", (unsigned long long)epoch->epoch);
        int r = tx_epochs_compare_file(c->dirfd, c->hasher, epoch->epoch, epoch->n_proof,
                                       &epoch->proof_hash);
        if (r == -ENOMEM)
            return r;
        bool absent = r == -ENOENT || r == -ENOTDIR;
        if (r == TX_EPOCHS_E_BAD && epoch->n_proof > 0)
            tx_chain_find(c, TX_FINDING_CHANGED, name,
                          "it is not what the segments say of the beginning of epoch %llu",
                          (unsigned long long)epoch->epoch);
        else if (absent && !c->file_name)
            tx_chain_find(c, TX_FINDING_MISSING_FILE, name, "it is missing");
        else if (r < 0 && !absent)
            tx_chain_find(c, TX_FINDING_UNREADABLE, name, "%s", strerror(-r));
    }
    return 0;
}

/* Notes must not take the room of what is grave. */
#define SET_ASIDE_LISTED 20u

void tx_chain_note_files(struct tx_chain *c) {
    size_t n = c->directory.n_set_aside;
    for (size_t i = 0; i < n && i < SET_ASIDE_LISTED; i++)
        tx_chain_find(c, TX_FINDING_SET_ASIDE, c->directory.set_aside[i],
                      "a torn end that was set aside after a crash; not part of the log");
    if (n > SET_ASIDE_LISTED)
        tx_chain_find(c, TX_FINDING_SET_ASIDE, "", "%zu more files that were set aside",
                      n - SET_ASIDE_LISTED);
    for (size_t i = 0; i < c->directory.n_segments; i++) {
        char name[TX_SEGMENT_NAME_BYTES];
        if (!c->directory.segments[i].plain || !c->directory.segments[i].compressed)
            continue;
        tx_segment_name(c->directory.segments[i].first, ".jsonl.zst", name);
        tx_chain_find(c, TX_FINDING_DUPLICATE, name,
                      "the segment is there plain too; only the plain file was verified");
    }
}
