/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/retain.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "auditd/ledger/retain-word.h"
#include "auditd/ledger/sinks.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define LOG TX_FD_LEDGER_LOG
#define SECOND_NS INT64_C(1000000000)
/* How often what is there is looked at. */
#define LOOK_NS (60 * SECOND_NS)
#define NAME_BYTES 96
#define N_DIGITS 20

/* --- files --- */

static void close_directory(DIR **directory) {
    if (*directory)
        closedir(*directory);
}

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

/* N.jsonl, N.jsonl.zst, and what was set aside of it: N.jsonl.torn-… */
static bool belongs_before(const char *name, uint64_t end) {
    char digits[TX_SEGMENT_NAME_BYTES];
    uint64_t first;
    bool compressed;
    size_t n = N_DIGITS + sizeof(".jsonl") - 1;

    if (strlen(name) < n || strlen(name) >= NAME_BYTES)
        return false;
    memcpy(digits, name, n);
    digits[n] = '\0';
    return tx_segment_name_parse(digits, &first, &compressed) == 0 && !compressed && first < end &&
           (name[n] == '\0' || name[n] == '.');
}

static int list_before(int dirfd, uint64_t end, struct tx_bytes *names) {
    _cleanup_(close_directory) DIR *directory = NULL;
    _cleanup_(tx_fd_closep) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *entry;
    int r = 0;

    if (fd < 0)
        return -errno;
    directory = fdopendir(fd);
    if (!directory)
        return -errno;
    tx_fd_steal(&fd);
    while (r == 0 && (errno = 0, entry = readdir(directory))) {
        char name[NAME_BYTES] = "";
        if (!belongs_before(entry->d_name, end))
            continue;
        strcpy(name, entry->d_name);
        r = tx_bytes_append(names, name, sizeof(name));
    }
    return r == 0 && errno != 0 ? -errno : r;
}

int tx_retain_remove(int dirfd, uint64_t end, uint64_t *ret_n) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes names = TX_BYTES_INIT;
    uint64_t removed = 0;

    int r = list_before(dirfd, end, &names);
    if (r < 0)
        return r;
    if (names.len > 0)
        qsort(names.data, names.len / NAME_BYTES, NAME_BYTES, by_name);
    for (size_t at = 0; at < names.len; at += NAME_BYTES) {
        if (unlinkat(dirfd, (const char *)names.data + at, 0) == 0)
            removed++;
        else if (errno != ENOENT)
            return -errno;
    }
    if (removed > 0 && fsync(dirfd) < 0)
        return -errno;
    *ret_n = removed;
    return 0;
}

/* --- steps --- */

void tx_retain_scan(struct tx_retain *retain, struct tx_text line) {
    struct tx_pruned pruned;
    if (!tx_line_is_own(line) || tx_pruned_parse(line, &pruned) != 0)
        return;
    retain->told = true;
    retain->seq = pruned.seq;
    retain->end = pruned.end;
}

int tx_retain_start(struct tx_ledger *ledger) {
    int64_t wall = tx_clock_wall(), last = wall;
    uint64_t seconds;
    struct tx_text note = {(char *)ledger->anchor.note.data, ledger->anchor.note.len};
    if (note.n > 0 && tx_retain_time_of(note, &seconds) == 0 && seconds < INT64_MAX / SECOND_NS)
        last = (int64_t)seconds * SECOND_NS;
    tx_retain_clock_init(&ledger->retain.clock, tx_clock_boot(), last < wall ? last : wall);
    return tx_retain_word_take(&ledger->retain);
}

void tx_retain_want(struct tx_ledger *ledger, uint64_t bytes) {
    struct tx_retain *retain = &ledger->retain;
    if (bytes > 0 && (retain->wanted_bytes == 0 || retain->held_by))
        retain->check_at = 0;
    retain->wanted_bytes = bytes;
}

static void tell_held(struct tx_retain *retain, const struct tx_retain_plan *plan) {
    if (plan->held_by && !retain->held_by)
        tx_log(TX_LOG_WARNING,
               "%llu segments (%llu bytes) should be removed, and stay until %s has them: it has "
               "confirmed records up to %llu",
               (unsigned long long)plan->n_held, (unsigned long long)plan->n_held_bytes,
               plan->held_by, (unsigned long long)plan->held_at);
    if (!plan->held_by && retain->held_by)
        tx_log(TX_LOG_NOTICE, "%s has caught up: removing old segments goes on", retain->held_by);
    retain->n_held = plan->n_held;
    retain->n_held_bytes = plan->n_held_bytes;
    retain->held_by = plan->held_by;
    retain->held_at = plan->held_at;
}

static int tell(struct tx_ledger *ledger, const struct tx_pruned *pruned) {
    struct tx_retain *retain = &ledger->retain;
    uint64_t seq = tx_ledger_size(ledger);
    int r = tx_ledger_record_pruned(ledger, pruned);
    if (r < 0)
        return r;
    retain->told = true;
    retain->failed = false;
    retain->seq = seq;
    retain->end = pruned->end;
    ledger->checkpoint_wanted = true; /* at the next commit */
    return 0;
}

/* Short ages are looked at more often; who waits for a sink looks each second. */
static int64_t next_look(const struct tx_ledger *ledger, int64_t now) {
    int64_t wait = LOOK_NS, age = ledger->stream->retain_max_age_ns;
    if (age > 0 && age / 10 < wait)
        wait = age / 10;
    if (ledger->retain.held_by || wait < SECOND_NS)
        wait = SECOND_NS;
    return now + wait;
}

static bool is_asked_for(const struct tx_ledger *ledger) {
    return ledger->stream->retain_max_age_ns > 0 || ledger->stream->retain_max_bytes > 0 ||
           ledger->retain.wanted_bytes > 0;
}

int tx_retain_tick(struct tx_ledger *ledger) {
    struct tx_retain *retain = &ledger->retain;
    struct tx_retain_plan plan;
    int64_t boot = tx_clock_boot();
    int64_t now = tx_retain_clock_now(&retain->clock, boot, tx_clock_wall());

    if (retain->told)
        return tx_retain_carry_out(ledger);
    if (!is_asked_for(ledger) || !tx_ledger_may_tell(ledger) ||
        (boot < retain->check_at && retain->seen_segment == ledger->segment_first))
        return 0;
    retain->seen_segment = ledger->segment_first;
    int r = tx_retain_plan(ledger, now, retain->wanted_bytes, &plan);
    if (r < 0) { /* a directory that cannot be read now, perhaps: later */
        retain->check_at = boot + LOOK_NS;
        return r == -ENOMEM ? r : 0;
    }
    retain->first = plan.log_first;
    retain->n_segments = plan.n_segments;
    retain->n_bytes = plan.n_bytes;
    tell_held(retain, &plan);
    retain->check_at = next_look(ledger, boot);
    return plan.pruned.n_segments > 0 ? tell(ledger, &plan.pruned) : 0;
}

/* The record says that they go: but not what a sink has not passed, should its cursor have gone
 * back since. */
static int may_remove(struct tx_ledger *ledger, bool *ret) {
    uint64_t passed;
    const char *sink;
    int r = tx_sinks_passed(ledger->stream, ledger->hasher, &passed, &sink);
    *ret = r == 0 && passed >= ledger->retain.end;
    return r;
}

int tx_retain_carry_out(struct tx_ledger *ledger) {
    struct tx_retain *retain = &ledger->retain;
    uint64_t n;
    bool may;

    if (!retain->told || ledger->anchor.checkpoint_size <= retain->seq || ledger->segment_fd < 0 ||
        tx_clock_boot() < retain->remove_at)
        return 0;
    int r = may_remove(ledger, &may);
    if (r < 0 || !may) {
        tx_retain_word_keep(retain);
        retain->remove_at = tx_clock_boot() + SECOND_NS;
        return r;
    }
    r = tx_retain_remove(LOG, retain->end, &n);
    retain->remove_at = r < 0 ? tx_clock_boot() + LOOK_NS : 0;
    if (r == -ENOMEM)
        return r;
    if (r < 0) {
        if (!retain->failed)
            tx_log(TX_LOG_ERROR, "segments before record %llu cannot be removed: %s",
                   (unsigned long long)retain->end, strerror(-r));
        tx_retain_word_keep(retain);
        retain->failed = true;
        return 0;
    }
    if (n > 0)
        tx_log(TX_LOG_NOTICE, "removed the segments before record %llu, as record %llu says",
               (unsigned long long)retain->end, (unsigned long long)retain->seq);
    retain->n_removed += n;
    retain->first = retain->end;
    retain->told = false;
    tx_retain_word_drop(retain);
    retain->check_at = 0; /* there may be more */
    return 0;
}
