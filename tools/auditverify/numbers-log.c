/* SPDX-License-Identifier: MIT */
#include "tools/auditverify/numbers-log.h"

#include <fcntl.h>

#include "libtx/base/fd.h"
#include "libtx/segment/control.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/lines.h"

/* Records `first` … end - 1 of one file. */
static int read_segment(struct tx_numbers *numbers, int dirfd, uint64_t first, uint64_t end) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
    struct tx_text line;
    uint64_t seq = first;

    int r = tx_lines_open(dirfd, first, &lines);
    while (r == 0 && seq < end) {
        r = tx_lines_next(lines, &line);
        if (r == TX_LINES_E_END)
            return 0;
        if (r == 0 && tx_line_kind(line) == TX_LINE_RECORD)
            r = tx_numbers_take(numbers, seq++, line);
        else if (r == TX_LINES_E_LONG)
            r = -EBADMSG; /* no proven line is so long */
    }
    return r;
}

int tx_numbers_read_log(const char *path, uint64_t end, struct tx_numbers **ret) {
    _cleanup_(tx_fd_closep) int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    _cleanup_(tx_numbers_freep) struct tx_numbers *numbers = NULL;
    size_t n = 0;

    if (dirfd < 0)
        return -errno;
    int r = tx_segment_list(dirfd, &firsts, &n);
    if (r == 0)
        r = tx_numbers_new(n > 0 ? firsts[0] : 0, &numbers);
    for (size_t i = 0; r == 0 && i < n && firsts[i] < end; i++) {
        uint64_t next = i + 1 < n && firsts[i + 1] < end ? firsts[i + 1] : end;
        r = read_segment(numbers, dirfd, firsts[i], next);
    }
    if (r < 0)
        return r;
    *ret = TX_STEAL(numbers);
    return 0;
}
