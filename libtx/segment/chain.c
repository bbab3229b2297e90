/* SPDX-License-Identifier: MIT */
#include "libtx/segment/chain.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libtx/base/fd.h"
#include "libtx/segment/chain-parts.h"
#include "libtx/segment/pool.h"

static void add(struct tx_chain *c, struct tx_finding *finding, const char *file) {
    finding->class = tx_finding_class(finding->kind);
    snprintf(finding->file, sizeof(finding->file), "%s", file);
    tx_findings_add(&c->verdict->findings, finding);
}

void tx_chain_find(struct tx_chain *c, enum tx_finding_kind kind, const char *file,
                   const char *format, ...) {
    struct tx_finding finding = {.kind = kind, .first_seq = TX_NO_SEQ, .last_seq = TX_NO_SEQ};
    va_list ap;
    va_start(ap, format);
    vsnprintf(finding.text, sizeof(finding.text), format, ap);
    va_end(ap);
    add(c, &finding, file);
}

void tx_chain_find_records(struct tx_chain *c, enum tx_finding_kind kind, const char *file,
                           uint64_t first, uint64_t last, const char *text) {
    struct tx_finding finding = {.kind = kind, .first_seq = first, .last_seq = last};
    snprintf(finding.text, sizeof(finding.text), "%s", text);
    add(c, &finding, file);
}

static void set_verify_options(struct tx_chain *c) {
    const struct tx_chain_options *o = c->options;
    struct tx_chain_verdict *v = c->verdict;
    c->verify = (struct tx_verify_options){
        .origin = {v->origin, strlen(v->origin)},
        .identity = v->has_identity ? &v->identity : NULL,
        .until_tampered = o->until_tampered,
        .repair_attempts = o->repair_attempts,
        .accepted_breaks = o->accepted_breaks,
        .n_accepted_breaks = o->n_accepted_breaks,
        .watch = {o->has_memory ? o->memory_size : TX_NO_SEQ,
                  c->has_checkpoint_file ? c->checkpoint_size : TX_NO_SEQ},
        .wanted = o->wanted,
        .n_wanted = o->n_wanted,
        .checker = o->checker,
        .is_broken = o->is_broken,
        .progress = o->progress};
}

static int begin(struct tx_chain *c) {
    int r = tx_chain_read_identity(c);
    if (r == 0)
        r = tx_chain_read_checkpoint(c);
    if (r < 0)
        return r;
    set_verify_options(c);
    return tx_epochs_new(c->dirfd, c->verify.origin, c->verify.identity,
                         c->has_epoch0 ? &c->epoch0 : NULL, &c->options->checker, &c->epochs);
}

static void count_bytes(struct tx_chain *c) {
    for (size_t i = 0; i < c->directory.n_segments; i++)
        c->verdict->n_bytes += tx_directory_segment_size(c->dirfd, &c->directory.segments[i]);
    if (c->options->progress_total)
        atomic_store(c->options->progress_total, c->verdict->n_bytes);
}

static void find_no_segment(struct tx_chain *c) {
    if (!c->verdict->has_identity)
        tx_chain_find(c, TX_FINDING_UNREADABLE, "", "there is no log in this directory");
    else if (c->has_checkpoint_file && c->checkpoint_size > 0)
        tx_chain_find_records(c, TX_FINDING_CUT_OFF, "", 0, c->checkpoint_size - 1,
                              "the log has a checkpoint, and all its segments are gone");
    else
        tx_chain_find(c, TX_FINDING_UNFINISHED, "", "the log has no segment yet");
}

static int verify_directory(struct tx_chain *c) {
    _cleanup_(tx_pool_freep) struct tx_pool *pool = NULL;
    /* What the checkpoint file and the list say is older than what the segments say then. */
    int r = begin(c);
    if (r == 0)
        r = tx_directory_read(c->dirfd, &c->directory);
    if (r < 0)
        return r;
    c->verdict->n_segments = c->directory.n_segments;
    /* What stands before the first segment is known. */
    c->carry.has_state = c->carry.anchored = c->has_epoch0;
    tx_log_state_init(&c->carry.state, &c->epoch0);
    count_bytes(c);
    tx_chain_note_files(c);
    if (c->directory.n_segments == 0) {
        find_no_segment(c);
        tx_chain_compare_memory(c);
        return 0;
    }
    r = tx_pool_new(c->dirfd, &c->directory, &c->verify, c->options->n_threads, &pool);
    for (size_t i = 0; r == 0 && i < c->directory.n_segments; i++) {
        struct tx_segment_result result;
        r = tx_pool_next(pool, &result);
        if (r < 0)
            break;
        r = tx_chain_link(c, i, &result);
        tx_segment_result_deinit(&result);
        if (c->options->until_tampered &&
            tx_findings_gravest(&c->verdict->findings) == TX_CLASS_TAMPERED)
            return r;
    }
    if (r < 0)
        return r;
    tx_chain_judge_gaps(c);
    tx_chain_compare_checkpoint(c);
    tx_chain_compare_memory(c);
    return 0;
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int verify_file(struct tx_chain *c, int fd) {
    struct tx_segment_result result;
    bool compressed;
    int r = begin(c);
    if (r < 0) {
        tx_fd_closep(&fd);
        return r;
    }
    c->verdict->n_segments = 1;
    c->verify.name = c->file_name;
    c->verify.has_first = tx_segment_name_parse(c->file_name, &c->verify.first, &compressed) == 0;
    r = tx_pool_verify_file(c->hasher, fd, ends_in(c->file_name, ".zst"), &c->verify, &result);
    if (r < 0)
        return r;
    r = tx_chain_link(c, 0, &result);
    tx_segment_result_deinit(&result);
    if (r == 0)
        tx_chain_compare_memory(c);
    return r;
}

/* The file's folder holds its log.json and epochs/, perhaps. */
static int open_folder(struct tx_chain *c, const char *path) {
    _cleanup_(tx_freep) char *folder = strdup(path);
    if (!folder)
        return -ENOMEM;
    char *slash = strrchr(folder, '/');
    c->file_name = slash ? path + (slash - folder) + 1 : path;
    if (slash == folder)
        slash++;
    if (slash)
        *slash = '\0';
    c->dirfd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return c->dirfd < 0 ? -errno : 0;
}

static int verify_path(struct tx_chain *c) {
    const char *path = c->options->path;
    uint64_t size = 0;
    int fd, r;

    c->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    if (c->dirfd >= 0)
        return verify_directory(c);
    r = tx_directory_open_file(AT_FDCWD, path, &fd, &size);
    if (r < 0) {
        tx_chain_find(c, TX_FINDING_UNREADABLE, path, "%s",
                      r == -EINVAL ? "it is neither a directory nor a regular file" : strerror(-r));
        return 0;
    }
    c->verdict->is_file = true;
    c->verdict->n_bytes = size;
    if (c->options->progress_total)
        atomic_store(c->options->progress_total, size);
    r = open_folder(c, path);
    if (r < 0) {
        tx_fd_closep(&fd);
        tx_chain_find(c, TX_FINDING_UNREADABLE, path, "its directory: %s", strerror(-r));
        return 0;
    }
    return verify_file(c, fd);
}

/* Of the proven records, those since the present epoch's first checkpoint. */
static void count_rewritable(struct tx_chain *c) {
    struct tx_chain_verdict *v = c->verdict;
    uint64_t begin = 0;
    if (c->has_epoch_begin)
        begin = c->epoch_begin;
    else if (v->epoch > 0) {
        v->rewritable_is_minimum = true;
        begin = v->n_proven > 0 ? v->proven[v->n_proven - 1].begin : v->end_size;
    }
    v->n_rewritable = v->end_size > begin ? v->end_size - begin : 0;
}

int tx_chain_verify(const struct tx_chain_options *options, struct tx_chain_verdict *ret) {
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;
    struct tx_chain *c = calloc(1, sizeof(*c));
    *ret = (struct tx_chain_verdict){.class = TX_CLASS_NOTE};
    if (!c)
        return -ENOMEM;
    c->options = options;
    c->verdict = ret;
    c->dirfd = -1;
    c->trusted = true;
    int r = tx_hasher_new(&hasher);
    c->hasher = hasher;
    if (r == 0)
        r = verify_path(c);
    if (r == 0) {
        count_rewritable(c);
        ret->class = tx_findings_gravest(&ret->findings);
    }
    tx_epochs_free(c->epochs);
    tx_directory_deinit(&c->directory);
    tx_fd_closep(&c->dirfd);
    free(c);
    if (r < 0)
        tx_chain_verdict_deinit(ret);
    return r;
}

void tx_chain_verdict_deinit(struct tx_chain_verdict *verdict) {
    tx_findings_deinit(&verdict->findings);
    free(verdict->proven);
    free(verdict->end_note);
    tx_found_deinit(&verdict->found);
    *verdict = (struct tx_chain_verdict){.class = TX_CLASS_NOTE};
}
