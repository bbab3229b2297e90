/* SPDX-License-Identifier: MIT */
#include "auditd/forward/journal-confirm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "libtx/base/fd.h"
#include "libtx/base/limits.h"

/* Entries that are looked at when the cursor is lost: a bound on time, far past any batch. */
#define RECENT_ENTRIES 1000000

const char *const tx_journal_directories[TX_JOURNAL_DIRECTORIES] = {"/run/log/journal",
                                                                    "/var/log/journal"};

enum position {
    POSITION_NONE,
    POSITION_BEHIND, /* on the way from a place that was sought */
    POSITION_END,    /* behind what the journal held when tx_confirm_prepare was called */
};

struct tx_confirm {
    sd_journal *journal; /* NULL: closed */
    enum position position;
    bool watched; /* it tells of new files by itself */
    char uid[16];
    char boot[33];
    char machine[33];
    char origin[TX_LIMIT_ORIGIN_BYTES + 1];
    bool directory_there[TX_JOURNAL_DIRECTORIES];
};

static bool is_directory(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int tx_confirm_new(struct tx_confirm **ret) {
    _cleanup_(tx_confirm_freep) struct tx_confirm *confirm = calloc(1, sizeof(*confirm));
    sd_id128_t machine, boot;

    if (!confirm)
        return -ENOMEM;
    int r = sd_id128_get_boot(&boot);
    if (r < 0)
        return r;
    sd_id128_to_string(boot, confirm->boot);
    if (sd_id128_get_machine(&machine) >= 0)
        sd_id128_to_string(machine, confirm->machine);
    for (size_t i = 0; i < TX_JOURNAL_DIRECTORIES; i++)
        confirm->directory_there[i] = is_directory(tx_journal_directories[i]);
    *ret = TX_STEAL(confirm);
    return 0;
}

void tx_confirm_free(struct tx_confirm *confirm) {
    if (!confirm)
        return;
    tx_confirm_close(confirm);
    free(confirm);
}

int tx_confirm_set_origin(struct tx_confirm *confirm, struct tx_text origin) {
    if (origin.n >= sizeof(confirm->origin))
        return -EINVAL;
    memcpy(confirm->origin, origin.p, origin.n);
    confirm->origin[origin.n] = '\0';
    return 0;
}

void tx_confirm_close(struct tx_confirm *confirm) {
    sd_journal_close(confirm->journal);
    confirm->journal = NULL;
    confirm->position = POSITION_NONE;
}

bool tx_confirm_directories_changed(const struct tx_confirm *confirm) {
    for (size_t i = 0; i < TX_JOURNAL_DIRECTORIES; i++)
        if (!confirm->directory_there[i] && is_directory(tx_journal_directories[i]))
            return true;
    return false;
}

/* 0 or -errno of opening one journal file for reading. */
static int try_file(const struct tx_confirm *confirm, const char *directory, const char *name) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s/%s", directory, confirm->machine, name);
    _cleanup_(tx_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd < 0 ? -errno : 0;
}

enum tx_confirm_access tx_confirm_access(const struct tx_confirm *confirm) {
    bool denied = false, own = false;
    char name[64];

    snprintf(name, sizeof(name), "user-%u.journal", (unsigned)getuid());
    for (size_t i = 0; i < TX_JOURNAL_DIRECTORIES; i++) {
        int r = try_file(confirm, tx_journal_directories[i], "system.journal");
        if (r == 0)
            return TX_CONFIRM_READABLE;
        denied |= r != -ENOENT;
        own |= try_file(confirm, tx_journal_directories[i], name) == 0;
    }
    return own ? TX_CONFIRM_PERHAPS : denied ? TX_CONFIRM_DENIED : TX_CONFIRM_ABSENT;
}

/* Opens the journal when it is not open, and learns of files that are new since. */
static int refresh(struct tx_confirm *confirm) {
    if (confirm->journal && confirm->watched && sd_journal_process(confirm->journal) >= 0)
        return 0;
    tx_confirm_close(confirm);
    int r = sd_journal_open(&confirm->journal, SD_JOURNAL_LOCAL_ONLY);
    if (r < 0)
        return r;
    confirm->watched = sd_journal_get_fd(confirm->journal) >= 0;
    snprintf(confirm->uid, sizeof(confirm->uid), "%u", (unsigned)getuid());
    return 0;
}

static int match(sd_journal *journal, const char *boot) {
    char text[64];

    sd_journal_flush_matches(journal);
    int r = sd_journal_add_match(journal, "SYSLOG_IDENTIFIER=tracex", 0);
    if (r < 0 || !boot)
        return r;
    snprintf(text, sizeof(text), "_BOOT_ID=%s", boot);
    return sd_journal_add_match(journal, text, 0);
}

static int fail(struct tx_confirm *confirm, int r) {
    tx_confirm_close(confirm);
    return r;
}

/* Only entries of this boot: their order is certain, whatever was done to the wall clock. */
int tx_confirm_prepare(struct tx_confirm *confirm) {
    int r = refresh(confirm);
    if (r < 0 || confirm->position == POSITION_END)
        return r;
    r = match(confirm->journal, confirm->boot);
    if (r >= 0)
        r = sd_journal_seek_tail(confirm->journal);
    if (r >= 0)
        r = sd_journal_previous(confirm->journal);
    if (r == 0)
        r = sd_journal_seek_head(confirm->journal);
    if (r < 0)
        return fail(confirm, r);
    confirm->position = POSITION_END;
    return 0;
}

void tx_confirm_rewind(struct tx_confirm *confirm) {
    if (confirm->position == POSITION_END)
        confirm->position = POSITION_NONE;
}

static int seek(struct tx_confirm *confirm, const struct tx_journal_place *seen) {
    int r = match(confirm->journal, NULL);
    if (r >= 0)
        r = seen->name[0] ? sd_journal_seek_cursor(confirm->journal, seen->name)
                          : sd_journal_seek_head(confirm->journal);
    if (r == -EINVAL) /* not what a journal calls an entry */
        r = sd_journal_seek_head(confirm->journal);
    confirm->position = POSITION_BEHIND;
    return r;
}

/* The value of a field of the present entry; p == NULL when it has none. */
static struct tx_text field(sd_journal *journal, const char *name) {
    const void *data;
    size_t n, skip = strlen(name) + 1;

    if (sd_journal_get_data(journal, name, &data, &n) < 0 || n < skip)
        return (struct tx_text){.p = NULL, .n = 0};
    return (struct tx_text){.p = (const char *)data + skip, .n = n - skip};
}

static bool field_is(sd_journal *journal, const char *name, const char *value) {
    struct tx_text text = field(journal, name);
    return text.p && tx_text_equal(text, (struct tx_text){value, strlen(value)});
}

/* What the present entry says it is: a record's seq and leaf. False when it is not ours. */
static bool read_record(const struct tx_confirm *confirm, struct tx_confirm_candidate *ret) {
    sd_journal *journal = confirm->journal;
    struct tx_text seq, leaf;

    if (!field_is(journal, "_UID", confirm->uid) ||
        !field_is(journal, "TRACEX_ORIGIN", confirm->origin))
        return false;
    seq = field(journal, "TRACEX_SEQ");
    if (!seq.p || tx_dec_decode(seq, &ret->seq) < 0)
        return false;
    leaf = field(journal, "TRACEX_LEAF");
    return leaf.p && tx_hex_decode(leaf, ret->leaf.bytes, TX_HASH_BYTES) == 0;
}

static bool mark_checkpoint(const struct tx_confirm *confirm, struct tx_hasher *hasher,
                            struct tx_batch *batch) {
    struct tx_digest digest;

    struct tx_text note = field(confirm->journal, "TRACEX_CHECKPOINT");
    if (!note.p)
        return false;
    tx_hash_leaf(hasher, note.p, note.n, &digest);
    return field_is(confirm->journal, "_UID", confirm->uid) &&
           tx_batch_mark(batch, TX_FOLLOW_CHECKPOINT, 0, &digest);
}

static void read_place(sd_journal *journal, struct tx_journal_place *ret) {
    _cleanup_(tx_freep) char *name = NULL;
    if (sd_journal_get_cursor(journal, &name) >= 0 && strlen(name) < sizeof(ret->name))
        strcpy(ret->name, name);
}

static void look_at(const struct tx_confirm *confirm, struct tx_hasher *hasher,
                    struct tx_batch *batch, struct tx_journal_place *seen,
                    struct tx_confirm_result *result) {
    struct tx_confirm_candidate record;

    if (read_record(confirm, &record)) {
        if (record.seq > result->highest_seq)
            result->highest_seq = record.seq;
        if (!tx_batch_mark(batch, TX_FOLLOW_RECORD, record.seq, &record.leaf))
            return;
    } else if (!mark_checkpoint(confirm, hasher, batch)) {
        return;
    }
    read_place(confirm->journal, seen);
}

int tx_confirm_scan(struct tx_confirm *confirm, struct tx_hasher *hasher, struct tx_batch *batch,
                    struct tx_journal_place *seen, struct tx_confirm_result *ret) {
    struct tx_confirm_result result = {.highest_seq = 0};

    int r = refresh(confirm);
    if (r >= 0 && confirm->position == POSITION_NONE)
        r = seek(confirm, seen);
    while (r >= 0 && batch->n_arrived < batch->n_items) {
        r = sd_journal_next(confirm->journal);
        if (r == 0) {
            if (confirm->position == POSITION_BEHIND) /* once more, should it come again */
                confirm->position = POSITION_NONE;
            break;
        }
        if (r > 0)
            look_at(confirm, hasher, batch, seen, &result);
    }
    if (r < 0)
        return fail(confirm, r);
    *ret = result;
    return 0;
}

int tx_confirm_recent(struct tx_confirm *confirm, struct tx_confirm_candidate *ret, size_t cap,
                      size_t *ret_n, struct tx_journal_place *ret_oldest) {
    struct tx_journal_place oldest = {.name = ""};
    size_t n = 0;

    int r = refresh(confirm);
    if (r >= 0)
        r = match(confirm->journal, NULL);
    if (r >= 0)
        r = sd_journal_seek_tail(confirm->journal);
    for (size_t i = 0; r >= 0 && n < cap && i < RECENT_ENTRIES; i++) {
        r = sd_journal_previous(confirm->journal);
        if (r <= 0)
            break;
        if (read_record(confirm, &ret[n])) {
            n++;
            read_place(confirm->journal, &oldest);
        }
    }
    if (r < 0)
        return fail(confirm, r);
    confirm->position = POSITION_NONE;
    *ret_n = n;
    *ret_oldest = oldest;
    return 0;
}
