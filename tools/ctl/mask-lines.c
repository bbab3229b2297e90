/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/ctl/mask.h"

#define DATA_BYTES (1024u * 1024u)

int tx_ctl_lines_init(struct tx_ctl_lines *lines, int fd) {
    *lines = (struct tx_ctl_lines){.fd = fd, .data = malloc(DATA_BYTES)};
    return lines->data ? 0 : -ENOMEM;
}

void tx_ctl_lines_deinit(struct tx_ctl_lines *lines) {
    if (lines->data)
        explicit_bzero(lines->data, DATA_BYTES);
    free(lines->data);
    lines->data = NULL;
}

/* Reads more behind what is there, which has moved to the front. */
static int fill(struct tx_ctl_lines *lines) {
    ssize_t n;

    memmove(lines->data, lines->data + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
    if (fflush(stdout) != 0)
        return -errno;
    do
        n = read(lines->fd, lines->data + lines->end, DATA_BYTES - lines->end);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    lines->at_end = n == 0;
    lines->end += (size_t)n;
    return 0;
}

/* The newline behind the first `searched` bytes; what is longer than a line may be is thrown away
 * on the way there. NULL: the end comes first. */
static int find_newline(struct tx_ctl_lines *lines, char **ret, bool *ret_too_long) {
    size_t searched = 0;

    *ret_too_long = false;
    for (;;) {
        size_t n = lines->end - lines->start;
        *ret = memchr(lines->data + lines->start + searched, '\n', n - searched);
        if (*ret || lines->at_end)
            return 0;
        searched = n;
        if (n > TX_CTL_LINE_BYTES) {
            *ret_too_long = true;
            lines->start = lines->end;
            searched = 0;
        }
        int r = fill(lines);
        if (r < 0)
            return r;
    }
}

int tx_ctl_lines_next(struct tx_ctl_lines *lines, struct tx_text *ret, bool *ret_too_long) {
    char *newline;

    int r = find_newline(lines, &newline, ret_too_long);
    if (r < 0)
        return r;
    if (!newline && lines->start == lines->end && !*ret_too_long)
        return 0;
    size_t end = newline ? (size_t)(newline - lines->data) : lines->end;
    *ret = (struct tx_text){lines->data + lines->start, end - lines->start};
    *ret_too_long = *ret_too_long || ret->n > TX_CTL_LINE_BYTES;
    if (*ret_too_long)
        *ret = TX_TEXT("");
    lines->start = end + (newline != NULL);
    lines->number++;
    return 1;
}
