/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/segment/follow.h"
#include "tools/ctl/ctl.h"
#include "tools/shared/select.h"
#include "tools/shared/terminal.h"

#define LINES_MAX 1000000u
#define POLL_NS 100000000L

struct viewer {
    struct tx_select select;
    bool json;
    bool follow;
    uint64_t n;            /* at most so many before following; 0: all */
    struct tx_bytes *ring; /* the last n lines that fit */
    uint64_t n_seen;
    uint64_t n_unreadable;
};

/* --- one record --- */

static void put_members(struct tx_read_object object) {
    for (size_t i = 0; i < object.n_members; i++) {
        const struct tx_read_member *member = &object.members[i];
        putchar(' ');
        tx_terminal_put(member->name);
        putchar('=');
        tx_terminal_put(member->value.raw);
    }
}

static void put_text(const char *before, struct tx_text text, const char *after) {
    if (!text.p)
        return;
    fputs(before, stdout);
    tx_terminal_put(text);
    fputs(after, stdout);
}

/* The value as it is said in the line, of a number too. */
static struct tx_text value_of(struct tx_read_object object, const char *name) {
    const struct tx_read_value *value = tx_read_find(object, (struct tx_text){name, strlen(name)});
    return value ? value->text : (struct tx_text){.p = NULL};
}

static void put_short(const struct tx_read *record) {
    struct tx_read_object top = tx_read_top(record), source = tx_read_object(record, "source");
    struct tx_text comm = tx_read_string(source, "comm");

    put_text("", tx_read_string(top, "time"), " ");
    put_text("#", value_of(top, "seq"), " ");
    put_text("", tx_read_string(top, "event"), "");
    put_text(" ", tx_read_string(top, "outcome"), "");
    if (comm.p)
        put_text(" ", comm, "");
    else
        put_text(" ", tx_read_string(top, "by"), "");
    put_text("[", value_of(source, "pid"), "]");
    put_text(" uid=", value_of(source, "uid"), "");
    put_text(" ", tx_read_string(top, "message"), "");
    put_members(tx_read_object(record, "data"));
    putchar('\n');
}

static void show(struct viewer *v, struct tx_text line) {
    _cleanup_(tx_read_freep) struct tx_read *record = NULL;
    if (v->json && !isatty(STDOUT_FILENO)) {
        fwrite(line.p, 1, line.n, stdout);
        putchar('\n');
    } else if (v->json) {
        tx_terminal_put_json(line);
        putchar('\n');
    } else if (tx_read_new(line, &record) == 0) {
        put_short(record);
    }
}

static bool fits(struct viewer *v, struct tx_text line) {
    _cleanup_(tx_read_freep) struct tx_read *record = NULL;
    if (tx_read_new(line, &record) < 0) {
        v->n_unreadable++;
        return false;
    }
    return tx_select_fits(&v->select, record);
}

/* --- the last n, then those that come --- */

static int keep(struct viewer *v, struct tx_text line) {
    struct tx_bytes *slot = &v->ring[v->n_seen++ % v->n];
    slot->len = 0;
    return tx_bytes_append(slot, line.p, line.n);
}

static void show_kept(struct viewer *v) {
    if (v->n == 0)
        return;
    uint64_t first = v->n_seen > v->n ? v->n_seen - v->n : 0;
    for (uint64_t i = first; i < v->n_seen; i++) {
        struct tx_bytes *slot = &v->ring[i % v->n];
        show(v, (struct tx_text){(char *)slot->data, slot->len});
    }
    fflush(stdout);
}

/* The record with which to begin: without a selection only the last ones are read. */
static uint64_t first_wanted(const struct viewer *v, int dirfd) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes note = TX_BYTES_INIT;
    uint64_t size;
    if (v->n == 0 || !tx_select_all(&v->select) ||
        tx_file_read_at(dirfd, "checkpoint", TX_LIMIT_NOTE_BYTES, &note) < 0)
        return 0;
    const char *start = note.len ? memchr(note.data, '\n', note.len) : NULL;
    const char *end = (const char *)note.data + note.len;
    const char *stop = start ? memchr(start + 1, '\n', (size_t)(end - start - 1)) : NULL;
    if (!stop || tx_dec_decode((struct tx_text){start + 1, (size_t)(stop - start - 1)}, &size) < 0)
        return 0;
    return size > v->n ? size - v->n : 0;
}

static int read_all(struct viewer *v, struct tx_follow *follow, bool keeping) {
    struct tx_follow_item item;
    int r;
    while ((r = tx_follow_next(follow, &item)) == 0) {
        if (item.kind != TX_FOLLOW_RECORD || !fits(v, item.line))
            continue;
        if (keeping && v->n > 0)
            r = keep(v, item.line);
        else
            show(v, item.line);
        if (r < 0)
            return r;
    }
    return r == TX_FOLLOW_E_END ? 0 : r;
}

static int view(struct viewer *v, int dirfd) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = NULL;
    struct tx_follow_options options = {.dirfd = dirfd,
                                        .first = first_wanted(v, dirfd),
                                        .checkpoint = UINT64_MAX,
                                        .unproven = true};
    const struct timespec pause = {.tv_nsec = POLL_NS};

    int r = tx_follow_new(&options, &follow);
    if (r == 0)
        r = read_all(v, follow, true);
    if (r == 0 && v->n_seen == 0 && options.first > 0) { /* the file `checkpoint` says too much */
        tx_follow_free(TX_STEAL(follow));
        options.first = 0;
        r = tx_follow_new(&options, &follow);
        if (r == 0)
            r = read_all(v, follow, true);
    }
    if (r < 0)
        return r;
    show_kept(v);
    while (v->follow && r == 0 && !ferror(stdout)) {
        nanosleep(&pause, NULL);
        r = read_all(v, follow, false);
        fflush(stdout);
    }
    struct tx_follow_counts counts = tx_follow_counts(follow);
    if (counts.missing || counts.unreadable || v->n_unreadable)
        tx_ctl_say("%llu records stand in no file and %llu lines could not be read: "
                   "tracex-auditverify says more",
                   (unsigned long long)counts.missing,
                   (unsigned long long)(counts.unreadable + v->n_unreadable));
    return r < 0 || counts.unreadable || v->n_unreadable ? -EBADMSG : 0;
}

/* A directory without a segment is no log, unless one waits for it to become one. */
static bool has_segments(int dirfd) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n = 0;
    return tx_segment_list(dirfd, &firsts, &n) == 0 && n > 0;
}

/* --- */

static int parse_options(struct viewer *v, int argc, char **argv) {
    int64_t now = tx_clock_wall();
    bool counted = false;
    int option;

    while ((option = getopt(argc, argv, "fn:S:U:o:")) != -1) {
        counted |= option == 'n';
        if (option == 'f')
            v->follow = true;
        else if (option == 'o' && (strcmp(optarg, "json") == 0 || strcmp(optarg, "short") == 0))
            v->json = strcmp(optarg, "json") == 0;
        else if (option == 'n' &&
                 (tx_dec_decode((struct tx_text){optarg, strlen(optarg)}, &v->n) < 0 || v->n == 0 ||
                  v->n > LINES_MAX))
            return tx_ctl_say("-n wants a number from 1 to %u, not '%s'", LINES_MAX, optarg),
                   -EINVAL;
        else if ((option == 'S' || option == 'U') &&
                 tx_select_time(optarg, now, option == 'S' ? &v->select.since : &v->select.until) <
                     0)
            return tx_ctl_say("'%s' is no time: 2026-11-23T17:00:00Z, -15min, -2h, -1d, today, now",
                              optarg),
                   -EINVAL;
        else if (option == '?' || option == 'o')
            return -EINVAL;
    }
    if (!counted && (v->select.since != INT64_MIN || v->select.until != INT64_MAX))
        v->n = 0;
    for (int i = optind; i < argc; i++)
        if (tx_select_add(&v->select, argv[i]) < 0)
            return tx_ctl_say("'%s' is not FIELD=VALUE", argv[i]), -EINVAL;
    return 0;
}

int tx_ctl_log(const struct tx_ctl *ctl, int argc, char **argv) {
    struct viewer v = {.n = 10};

    tx_select_init(&v.select);
    if (parse_options(&v, argc, argv) < 0)
        return TX_CTL_USAGE;
    _cleanup_(tx_fd_closep) int fd = tx_ctl_open_log(ctl);
    if (fd < 0)
        return TX_CTL_FAILED;
    if (!v.follow && !has_segments(fd)) {
        tx_ctl_say("there is no log in that directory: no file is named like a segment");
        return TX_CTL_FAILED;
    }
    v.ring = calloc(v.n + 1, sizeof(*v.ring));
    int r = v.ring ? view(&v, fd) : -ENOMEM;
    for (uint64_t i = 0; v.ring && i < v.n; i++)
        tx_bytes_deinit(&v.ring[i]);
    free(v.ring);
    if (r < 0)
        tx_ctl_say("cannot read the log: %s", strerror(-r));
    return r < 0 ? TX_CTL_FAILED : TX_CTL_OK;
}
