/* SPDX-License-Identifier: MIT */
#include "tools/tracex/source.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/fd.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/reader.h"

struct source {
    const struct tx_select *select;
    tx_source_record *record;
    void *data;
    struct tx_source_counts *counts;
};

static int give(struct source *source, struct tx_text line) {
    _cleanup_(tx_read_freep) struct tx_read *read = NULL;

    if (tx_read_new(line, &read) < 0) {
        source->counts->n_unreadable++;
        return 0;
    }
    if (!tx_select_fits(source->select, read))
        return 0;
    source->counts->n_records++;
    return source->record(source->data, read, line);
}

static int read_directory(struct source *source, int dirfd) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = NULL;
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    struct tx_follow_options options = {.dirfd = dirfd, .checkpoint = UINT64_MAX, .unproven = true};
    struct tx_follow_item item;
    size_t n = 0;

    int r = tx_segment_list(dirfd, &firsts, &n);
    if (r < 0)
        return r;
    if (n == 0)
        return -EBADMSG;
    options.first = firsts[0];
    r = tx_follow_new(&options, &follow);
    while (r == 0 && (r = tx_follow_next(follow, &item)) == 0)
        if (item.kind == TX_FOLLOW_RECORD)
            r = give(source, item.line);
    if (follow) {
        source->counts->n_missing += tx_follow_counts(follow).missing;
        source->counts->n_unreadable += tx_follow_counts(follow).unreadable;
    }
    return r == TX_FOLLOW_E_END ? 0 : r;
}

static bool is_compressed(const char *path) {
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".zst") == 0;
}

/* A line that is too long, or has no end, is no record; NULs are space laid out ahead. */
static int read_file(struct source *source, int fd, bool compressed) {
    _cleanup_(tx_reader_closep) struct tx_reader *reader = NULL;
    struct tx_piece piece;
    uint64_t n_lines = 0, n_unreadable = source->counts->n_unreadable;

    int r = tx_reader_open(fd, compressed, &reader);
    while (r == 0 && (r = tx_reader_next(reader, &piece)) == 0 && piece.kind != TX_PIECE_END) {
        if (piece.kind == TX_PIECE_HOLE)
            continue;
        n_lines++;
        if (piece.kind != TX_PIECE_LINE)
            source->counts->n_unreadable++;
        else if (!tx_text_starts(piece.text, TX_TEXT("{\"tracex\":")))
            r = give(source, piece.text);
    }
    if (r == 0 && n_lines > 0 && source->counts->n_unreadable - n_unreadable == n_lines)
        return -EBADMSG;
    return r;
}

int tx_source_read(const char *path, const struct tx_select *select, tx_source_record *record,
                   void *data, struct tx_source_counts *counts) {
    struct source source = {select, record, data, counts};
    bool is_input = strcmp(path, "-") == 0;
    struct stat st;

    _cleanup_(tx_fd_closep) int fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                              : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return read_directory(&source, fd);
    return read_file(&source, tx_fd_steal(&fd), !is_input && is_compressed(path));
}
