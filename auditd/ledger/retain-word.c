/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/retain-word.h"

#include <string.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "libtx/base/buf.h"
#include "libtx/base/file.h"
#include "libtx/segment/follow.h"
#include "libtx/segment/lines.h"

#define NAME "removal"
#define HEAD "tracex-removal 1 "
#define WORD_BYTES 80u

void tx_retain_word_keep(struct tx_retain *retain) {
    char memory[WORD_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    if (!retain->told || retain->has_word)
        return;
    tx_buf_str(&b, HEAD);
    tx_buf_dec(&b, retain->seq);
    tx_buf_char(&b, ' ');
    tx_buf_dec(&b, retain->end);
    tx_buf_char(&b, '\n');
    retain->has_word = tx_file_replace_at(TX_FD_LEDGER_STATE, NAME, b.data, b.len, 0600) == 0;
}

void tx_retain_word_drop(struct tx_retain *retain) {
    if (retain->has_word)
        (void)!unlinkat(TX_FD_LEDGER_STATE, NAME, 0);
    retain->has_word = false;
}

/* --- at the start --- */

static bool parse(struct tx_text text, uint64_t *ret_seq, uint64_t *ret_end) {
    const size_t n_head = sizeof(HEAD) - 1;
    const char *space;

    if (!tx_text_starts(text, TX_TEXT(HEAD)) || text.p[text.n - 1] != '\n')
        return false;
    struct tx_text numbers = {text.p + n_head, text.n - n_head - 1};
    space = numbers.n ? memchr(numbers.p, ' ', numbers.n) : NULL;
    if (!space)
        return false;
    struct tx_text seq = {numbers.p, (size_t)(space - numbers.p)};
    struct tx_text end = {space + 1, numbers.n - seq.n - 1};
    return tx_dec_decode(seq, ret_seq) == 0 && tx_dec_decode(end, ret_end) == 0;
}

/* Whether that record of the segment tells of a removal up to `end`. */
static int is_told_in(uint64_t first, uint64_t seq, uint64_t end, bool *ret) {
    _cleanup_(tx_lines_closep) struct tx_lines *lines = NULL;
    struct tx_pruned pruned;
    struct tx_text line;

    int r = tx_lines_open(TX_FD_LEDGER_LOG, first, &lines);
    while (r == 0 || r == TX_LINES_E_LONG) {
        r = tx_lines_next(lines, &line);
        if (r != 0 || !tx_line_is_own(line) || tx_pruned_parse(line, &pruned) != 0)
            continue;
        *ret = *ret || (pruned.seq == seq && pruned.end == end);
    }
    return r < 0 ? r : 0;
}

static int is_told(uint64_t seq, uint64_t end, bool *ret) {
    _cleanup_(tx_freep) uint64_t *firsts = NULL;
    size_t n;

    *ret = false;
    int r = tx_segment_list(TX_FD_LEDGER_LOG, &firsts, &n);
    while (r == 0 && n > 0 && firsts[n - 1] > seq)
        n--;
    return r == 0 && n > 0 ? is_told_in(firsts[n - 1], seq, end, ret) : r;
}

int tx_retain_word_take(struct tx_retain *retain) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    uint64_t seq, end;
    bool told = false;

    int r = tx_file_read_at(TX_FD_LEDGER_STATE, NAME, WORD_BYTES, &file);
    if (r == -ENOENT)
        return 0;
    retain->has_word = true; /* to be dropped, whatever it is */
    if (r == 0 && file.len > 0 && parse((struct tx_text){(char *)file.data, file.len}, &seq, &end))
        r = is_told(seq, end, &told);
    if (r == -ENOMEM)
        return r;
    if (told && (!retain->told || retain->seq <= seq)) {
        retain->told = true;
        retain->seq = seq;
        retain->end = end;
        return 0;
    }
    tx_retain_word_drop(retain);
    return 0;
}
