/* SPDX-License-Identifier: MIT */
/*
 * Opening the log. In this order: ask the signer what it knows → read the last segment line by line
 * → move what is torn aside → give back to the signer what it has forgotten (a power cut) → append
 * what the log has not got (a note, an epoch's record). The signer's range is compared with the
 * log's own on the way: so a log that is not the one that was signed is not gone on with.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/note.h"
#include "libtx/merkle/checkpoint.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/lines.h"

#define LOG TX_FD_LEDGER_LOG

struct recovery {
    struct tx_ledger *ledger;
    const char *config_name;
    char *why;

    struct tx_notary_state signer; /* its texts are copied to: */
    struct tx_bytes note;
    struct tx_bytes pending_line;
    uint64_t signed_size; /* what the signer has; grows by REPLAY */
    bool compared;

    struct tx_bytes scratch;
    struct tx_bytes epoch_line;
    uint64_t anchor_offset; /* after the last checkpoint line, in the segment */
    uint64_t end_offset;    /* after the last line that is whole */
    bool sealed;
    bool stopped; /* the last record is tracex.stop */
};

static int TX_PRINTF(2, 3) refuse(struct recovery *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(r->why, TX_LEDGER_WHY_BYTES, format, args);
    va_end(args);
    if (n > 0 && n < TX_LEDGER_WHY_BYTES)
        snprintf(r->why + n, TX_LEDGER_WHY_BYTES - (size_t)n,
                 " Keep the files for the auditor. To go on, set this log aside and begin one that "
                 "names it: tracex-auditd --new-log -c %s",
                 r->config_name);
    return TX_LEDGER_E_REFUSED;
}

static int refuse_other_log(struct recovery *r) {
    return refuse(r,
                  "The records up to %llu are not those that the signer signed: the log was "
                  "changed, or log and keys do not belong together. tracex-auditverify says more.",
                  (unsigned long long)r->signed_size);
}

/* --- the signer's side --- */

static int ask_signer(struct recovery *r) {
    const struct tx_notary_request hello = {.type = TX_NOTARY_HELLO};
    struct tx_notary_reply *reply = calloc(1, sizeof(*reply));
    if (!reply)
        return -ENOMEM;
    int e = tx_ledger_call(r->ledger, &hello, reply);
    if (e == 0 && reply->type != TX_NOTARY_STATE)
        e = -EPROTO;
    if (e == 0) {
        r->signer = reply->state;
        e = tx_bytes_append(&r->note, reply->state.note.p, reply->state.note.n);
    }
    if (e == 0)
        e = tx_bytes_append(&r->pending_line, reply->state.pending_line.p,
                            reply->state.pending_line.n);
    free(reply);
    r->signed_size = r->signer.range.end;
    r->ledger->rotate_due = r->signer.rotate_due && r->pending_line.len == 0;
    return e;
}

static uint64_t signed_records(const struct recovery *r) {
    return r->signed_size - (r->pending_line.len > 0 ? 1 : 0);
}

/* When the log stands where the signer does: is it the same tree? */
static int compare_trees(struct recovery *r) {
    const struct tx_range *ours = &r->ledger->now.tree, *theirs = &r->signer.range;
    if (r->compared || ours->end != theirs->end)
        return 0;
    if (ours->n_nodes != theirs->n_nodes ||
        memcmp(ours->nodes, theirs->nodes, ours->n_nodes * sizeof(ours->nodes[0])) != 0)
        return refuse_other_log(r);
    r->compared = true;
    tx_ledger_signed_up_to(r->ledger, ours->end);
    return 0;
}

static int replay(struct recovery *r, struct tx_text note, bool seal) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_notary_request request = {
        .type = TX_NOTARY_REPLAY, .range = ledger->ungrown, .seal = seal, .note = note};
    struct tx_notary_reply reply;

    if (!r->compared || ledger->last.len == 0)
        return 0;
    tx_range_append(&request.range, ledger->hasher, &ledger->last_hash);
    int e = tx_ledger_call(ledger, &request, &reply);
    if (e == -EPROTO || (e == 0 && reply.type != TX_NOTARY_DONE))
        return refuse_other_log(r);
    if (e < 0)
        return e;
    tx_ledger_signed_up_to(ledger, request.range.end);
    r->signed_size = request.range.end;
    r->note.len = 0;
    return tx_bytes_append(&r->note, note.p, note.n);
}

/* --- lines; each returns 0, TORN when the line ends what can be used, REFUSED, or -errno --- */

enum { TORN = 2 };

static bool begins_with_seq(struct tx_text line, uint64_t seq) {
    char prefix[40];
    struct tx_buf b = tx_buf_of(prefix, sizeof(prefix));
    tx_buf_str(&b, "{\"seq\":");
    tx_buf_dec(&b, seq);
    tx_buf_char(&b, ',');
    return tx_text_starts(line, (struct tx_text){prefix, b.len});
}

static bool is_clean(struct tx_text line) {
    uint8_t low = 0;
    for (size_t i = 0; i < line.n; i++)
        low |= (uint8_t)line.p[i] < 0x20;
    return !low && line.n > 0 && line.p[line.n - 1] == '}';
}

/* The ledger's own tracex.stop: its template has nothing of a client's. */
static bool is_stop(struct tx_text line) {
    static const char by[] = ",\"by\":\"ledger\",", event[] = "\"event\":\"tracex.stop\"";
    return line.p && line.n < 200 && memmem(line.p, line.n, by, sizeof(by) - 1) &&
           memmem(line.p, line.n, event, sizeof(event) - 1);
}

static int take_record(struct recovery *r, struct tx_text line) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_range before = ledger->now.tree;
    struct tx_digest leaf;
    uint8_t client[8];
    uint64_t n;

    if (!begins_with_seq(line, tx_ledger_size(ledger)) || !is_clean(line) ||
        line.n > TX_LIMIT_LINE_BYTES)
        return TORN;
    int e = tx_chain_add_record(&ledger->now, ledger->hasher, line, &leaf);
    if (e == -EBADMSG)
        return TORN;
    if (e < 0)
        return e;
    if (ledger->now.epoch_open) {
        ledger->before_epoch = before;
        r->epoch_line.len = 0;
        e = tx_bytes_append(&r->epoch_line, line.p, line.n);
        if (e < 0)
            return e;
    }
    if (tx_clients_scan(line, client, &n))
        tx_clients_set(ledger->clients, client, n);
    r->stopped = is_stop(line);
    if (r->compared)
        return tx_ledger_show_leaf(ledger, line, &leaf);
    return compare_trees(r);
}

/* The size that a note says, when it is a checkpoint of this log. */
static bool note_size(const struct recovery *r, struct tx_text text, uint64_t *ret) {
    struct tx_note *note = malloc(sizeof(*note));
    struct tx_checkpoint checkpoint;
    bool ok = note && tx_note_parse(text, note) == 0 &&
              tx_checkpoint_parse(note->text, &checkpoint) == 0 &&
              tx_text_equal(checkpoint.origin, (struct tx_text){(char *)r->ledger->origin.data,
                                                                r->ledger->origin.len});
    if (ok)
        *ret = checkpoint.size;
    free(note);
    return ok;
}

static int take_note(struct recovery *r, struct tx_text note, bool seal) {
    struct tx_ledger *ledger = r->ledger;
    bool ends_epoch = ledger->now.epoch_open;
    uint64_t size;

    if (!note_size(r, note, &size) || size != tx_ledger_size(ledger))
        return TORN;
    int e = replay(r, note, seal);
    if (e != 0)
        return e;
    e = tx_chain_add_note(&ledger->now, ledger->hasher, note);
    if (e == 0 && ends_epoch)
        e = tx_ledger_prepare_proof(ledger,
                                    (struct tx_text){(char *)r->epoch_line.data, r->epoch_line.len},
                                    &ledger->before_epoch);
    if (e == 0)
        e = tx_chain_copy(&ledger->anchor, &ledger->now);
    r->sealed = seal;
    return e;
}

static int take_line(struct recovery *r, struct tx_text line) {
    struct tx_buf scratch = tx_buf_of(r->scratch.data, r->scratch.cap);
    struct tx_control_checkpoint checkpoint;
    struct tx_control_seal seal;
    int e = TORN;

    if (r->sealed)
        return TORN;
    switch (tx_line_kind(line)) {
    case TX_LINE_RECORD:
        return take_record(r, line);
    case TX_LINE_CHECKPOINT:
        e = tx_control_parse_checkpoint(line, &scratch, &checkpoint);
        return e == 0 ? take_note(r, checkpoint.note, false) : e == -ENOMEM ? e : TORN;
    case TX_LINE_SEAL:
        e = tx_control_parse_seal(line, &scratch, &seal);
        return e == 0 ? take_note(r, seal.note, true) : e == -ENOMEM ? e : TORN;
    case TX_LINE_HEADER:
    case TX_LINE_UNKNOWN_CONTROL:
        break;
    }
    return TORN;
}

/* --- the last segment --- */

static int take_header(struct recovery *r, uint64_t first, struct tx_text line) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_buf scratch = tx_buf_of(r->scratch.data, r->scratch.cap);
    struct tx_control_header *header = calloc(1, sizeof(*header));
    if (!header)
        return -ENOMEM;
    int e = tx_control_parse_header(ledger->hasher, line, &scratch, header);
    struct tx_text origin = {(char *)ledger->origin.data, ledger->origin.len};
    if (e == 0 && (header->first != first || !tx_text_equal(header->origin, origin)))
        e = refuse(r, "The last segment does not belong to this log: its header says otherwise.");
    else if (e == 0 && header->first > signed_records(r))
        e = refuse(r,
                   "The signer's state ends at record %llu, before the last segment begins: the "
                   "key directory is older than the log.",
                   (unsigned long long)signed_records(r));
    else if (e < 0 && e != -ENOMEM)
        e = TORN;
    if (e == 0)
        e = tx_chain_from_header(&ledger->now, header);
    if (e == 0)
        e = tx_chain_copy(&ledger->anchor, &ledger->now);
    free(header);
    return e == 0 ? compare_trees(r) : e;
}

static int read_lines(struct recovery *r, struct tx_lines *lines, uint64_t first) {
    struct tx_text line;
    int e = tx_lines_next(lines, &line);

    e = e == 0 ? take_header(r, first, line) : e > 0 ? TORN : e;
    if (e != 0)
        return e;
    r->anchor_offset = r->end_offset = tx_lines_offset(lines);
    for (;;) {
        e = tx_lines_next(lines, &line);
        if (e != 0)
            return e < 0 ? e : 0; /* the end, or a line that is too long to be one */
        bool is_note = tx_line_kind(line) != TX_LINE_RECORD;
        e = take_line(r, line);
        if (e != 0)
            return e == TORN ? 0 : e;
        r->end_offset = tx_lines_offset(lines);
        if (is_note)
            r->anchor_offset = r->end_offset;
    }
}

/* What follows the last whole line goes into a file of its own; a run of zero bytes is only space.
 */
static int move_torn(struct recovery *r, int fd, const char *name) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes torn = TX_BYTES_INIT;
    char aside[96];
    struct stat st;
    size_t n, used;

    if (fstat(fd, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_size == r->end_offset)
        return 0;
    n = (size_t)((uint64_t)st.st_size - r->end_offset);
    int e = tx_bytes_reserve(&torn, n);
    if (e == 0)
        e = tx_fd_pread_full(fd, torn.data, n, (off_t)r->end_offset, &n);
    if (e < 0)
        return e;
    for (used = n; used > 0 && torn.data[used - 1] == 0; used--)
        ;
    if (used > 0) {
        snprintf(aside, sizeof(aside), "%s.torn-%lld", name, (long long)tx_clock_wall());
        _cleanup_(tx_fd_closep) int to =
            openat(LOG, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0440);
        if (to < 0)
            return -errno;
        e = tx_fd_write_all(to, torn.data, used);
        if (e < 0)
            return e;
        if (fsync(to) < 0 || fsync(LOG) < 0)
            return -errno;
        r->ledger->torn_bytes += used;
        tx_log(TX_LOG_WARNING, "%zu bytes after the last whole line were moved to %s", used, aside);
    }
    return ftruncate(fd, (off_t)r->end_offset) < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Goes on with the segment: what stands after its last checkpoint line is the tail again. */
static int reopen(struct recovery *r, uint64_t first) {
    struct tx_ledger *ledger = r->ledger;
    char name[TX_SEGMENT_NAME_BYTES];
    size_t n = (size_t)(r->end_offset - r->anchor_offset);

    tx_segment_name(first, ".jsonl", name);
    _cleanup_(tx_fd_closep) int fd = openat(LOG, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    int e = move_torn(r, fd, name);
    if (e == 0)
        e = tx_bytes_reserve(&ledger->tail, n);
    if (e == 0)
        e = tx_fd_pread_full(fd, ledger->tail.data, n, (off_t)r->anchor_offset, &n);
    if (e < 0)
        return e;
    ledger->tail.len = ledger->written = n;
    ledger->durable =
        0; /* of what another process wrote, only the kernel knows how much is on disk */
    ledger->segment_fd = tx_fd_steal(&fd);
    ledger->segment_first = first;
    ledger->segment_bytes = r->end_offset;
    return 0;
}

/* A header that was cut by a crash: the file is set aside and begun anew. */
static int set_header_aside(struct recovery *r, uint64_t first) {
    char name[TX_SEGMENT_NAME_BYTES], aside[96];
    struct stat st;

    tx_segment_name(first, ".jsonl", name);
    if (fstatat(LOG, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    snprintf(aside, sizeof(aside), "%s.torn-%lld", name, (long long)tx_clock_wall());
    if (st.st_size == 0 ? unlinkat(LOG, name, 0) < 0 : renameat(LOG, name, LOG, aside) < 0)
        return -errno;
    r->ledger->torn_bytes += (uint64_t)st.st_size;
    return fsync(LOG) < 0 ? -errno : 0;
}

/* How long ago the segment began: by its first record that has the ledger's or a client's time. */
static void guess_age(struct tx_ledger *ledger, uint64_t first) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
    struct tx_text line;
    int64_t time, now = tx_clock_wall();

    ledger->segment_began = tx_clock_boot();
    if (tx_lines_open(LOG, first, &lines) < 0)
        return;
    for (int i = 0; i < 16 && tx_lines_next(lines, &line) == 0; i++) {
        const char *at = memmem(line.p, line.n, "\"time\":\"", 8);
        if (!at || line.p + line.n - at < 8 + 30)
            continue;
        if (tx_time_decode((struct tx_text){at + 8, 30}, &time) == 0 && time < now)
            ledger->segment_began -= now - time;
        return;
    }
}

static int read_last(struct recovery *r, const uint64_t *firsts, size_t n, bool *ret_any) {
    for (; n > 0; n--) {
        _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
        int e = tx_lines_open(LOG, firsts[n - 1], &lines);
        if (e < 0)
            return e;
        e = read_lines(r, lines, firsts[n - 1]);
        if (e == TORN) {
            e = set_header_aside(r, firsts[n - 1]);
            if (e < 0)
                return e;
            continue;
        }
        if (e != 0)
            return e;
        *ret_any = true;
        if (r->sealed)
            return 0;
        if (tx_lines_compressed(lines))
            return refuse(r, "The last segment is compressed and has no seal.");
        e = reopen(r, firsts[n - 1]);
        if (e == 0)
            guess_age(r->ledger, firsts[n - 1]);
        return e;
    }
    *ret_any = false;
    return 0;
}

/* --- what the log has not got --- */

static int append_missing(struct recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    struct tx_text note = {(char *)r->note.data, r->note.len};
    struct tx_text ours = {(char *)ledger->now.note.data, ledger->now.note.len};
    struct tx_text pending = {(char *)r->pending_line.data, r->pending_line.len};
    struct tx_digest leaf;
    uint64_t size;
    int e = 0;

    if (tx_ledger_size(ledger) < signed_records(r))
        return refuse(
            r, "The log has %llu records, but %llu were signed: %llu are missing at its end.",
            (unsigned long long)tx_ledger_size(ledger), (unsigned long long)signed_records(r),
            (unsigned long long)(signed_records(r) - tx_ledger_size(ledger)));
    if (note.n > 0 && !tx_text_equal(note, ours)) {
        bool ends_epoch = ledger->now.epoch_open;
        if (!note_size(r, note, &size) || size != tx_ledger_size(ledger))
            return refuse_other_log(r);
        e = tx_ledger_append_note(ledger, note, false);
        if (e == 0 && ends_epoch)
            e = tx_ledger_prepare_proof(
                ledger, (struct tx_text){(char *)r->epoch_line.data, r->epoch_line.len},
                &ledger->before_epoch);
        if (e == 0)
            e = tx_ledger_store(ledger);
        if (e < 0)
            return e;
    }
    if (pending.n > 0 && tx_ledger_size(ledger) == signed_records(r)) {
        ledger->before_epoch = ledger->now.tree;
        e = tx_ledger_append_line(ledger, pending, &leaf);
        if (e == 0)
            e = compare_trees(r);
        if (e != 0)
            return e;
        r->epoch_line.len = 0;
        e = tx_bytes_append(&r->epoch_line, pending.p, pending.n);
    }
    if (e == 0 && !r->compared)
        return refuse_other_log(r);
    if (e == 0 && ledger->now.epoch_open) { /* what its first checkpoint's proof shows */
        ledger->last.len = 0;
        e = tx_bytes_append(&ledger->last, r->epoch_line.data, r->epoch_line.len);
    }
    return e;
}

/* --- */

static int scan_older(struct recovery *r, const uint64_t *firsts, size_t n) {
    for (size_t i = n > 5 ? n - 5 : 0; i + 1 < n; i++) {
        _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
        struct tx_text line;
        uint8_t client[8];
        uint64_t last;
        int e = tx_lines_open(LOG, firsts[i], &lines);
        while (e == 0 && (e = tx_lines_next(lines, &line)) == 0)
            if (tx_line_kind(line) == TX_LINE_RECORD && tx_clients_scan(line, client, &last))
                tx_clients_set(r->ledger->clients, client, last);
    }
    return 0;
}

static int recover(struct recovery *r) {
    struct tx_ledger *ledger = r->ledger;
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    bool any = false;
    size_t n;

    int e = tx_bytes_reserve(&r->scratch, TX_LIMIT_CONTROL_LINE_BYTES);
    if (e == 0)
        e = ask_signer(r);
    if (e == 0)
        e = tx_segment_list(LOG, &firsts, &n);
    if (e == 0)
        e = tx_ledger_identity(ledger, &r->signer, n == 0, r->config_name, r->why);
    if (e != 0)
        return e;
    e = tx_clients_load(ledger->clients, TX_FD_LEDGER_STATE, UINT64_MAX);
    if (e > 0)
        e = scan_older(r, firsts, n);
    tx_chain_begin(&ledger->now, &r->signer.epoch0);
    if (e == 0)
        e = tx_chain_copy(&ledger->anchor, &ledger->now);
    if (e == 0)
        e = read_last(r, firsts, n, &any);
    if (e == 0 && !any)
        e = compare_trees(r);
    if (e == 0)
        e = append_missing(r);
    ledger->crashed = any && !r->stopped;
    return e;
}

int tx_ledger_recover(struct tx_ledger *ledger, const char *config_name,
                      char ret_why[TX_LEDGER_WHY_BYTES]) {
    struct recovery *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    ret_why[0] = '\0';
    r->ledger = ledger;
    r->config_name = config_name;
    r->why = ret_why;
    int e = recover(r);
    tx_bytes_deinit(&r->note);
    tx_bytes_deinit(&r->pending_line);
    tx_bytes_deinit(&r->scratch);
    tx_bytes_deinit(&r->epoch_line);
    free(r);
    return e;
}
