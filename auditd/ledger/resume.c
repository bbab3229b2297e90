/* SPDX-License-Identifier: MIT */
/*
 * The file `resume` in the state directory: where in the last segment reading may begin at the next
 * start, and the state of the log there, so that a start does not take longer with a longer
 * segment. It is written after a clean stop, and while a segment grows large; always after the
 * table of clients, which covers what comes before. Nothing is believed because of it: the
 * checkpoint's line must stand in the segment at that place, and the tree is compared with the
 * signer's. Without it, or when anything is not as it says, the whole segment is read.
 *
 * It is two lines: `tracex-resume 1 <first> <offset> <0 or 1: after tracex.stop>`, and a header as
 * a segment that begins there would have it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/log.h"
#include "auditd/ledger/recovery.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

#define NAME "resume"
#define HEAD "tracex-resume 1 "
/* A segment is read at about 500 MB/s. */
#define EVERY_BYTES (64u * 1024u * 1024u)
#define FILE_BYTES (TX_LIMIT_CONTROL_LINE_BYTES + 128u)

static void render(const struct tx_ledger *ledger, bool stopped, struct tx_buf *b) {
    struct tx_text origin = {(char *)ledger->origin.data, ledger->origin.len};
    struct tx_control_header header;

    tx_buf_str(b, HEAD);
    tx_buf_dec(b, ledger->segment_first);
    tx_buf_char(b, ' ');
    tx_buf_dec(b, ledger->segment_bytes);
    tx_buf_str(b, stopped ? " 1\n" : " 0\n");
    tx_tip_to_header(&ledger->anchor, origin, &header);
    tx_control_render_header(&header, b);
    tx_buf_char(b, '\n');
}

int tx_resume_save(struct tx_ledger *ledger, bool stopped) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    int r = tx_bytes_reserve(&file, FILE_BYTES);
    if (r < 0)
        return r;
    struct tx_buf b = tx_buf_of(file.data, file.cap);
    render(ledger, stopped, &b);
    if (b.full)
        return -EMSGSIZE;
    return tx_file_replace_at(TX_FD_LEDGER_STATE, NAME, b.data, b.len, 0600);
}

void tx_resume_save_now_and_then(struct tx_ledger *ledger) {
    if (ledger->segment_bytes < ledger->resume_bytes + EVERY_BYTES)
        return;
    ledger->resume_bytes = ledger->segment_bytes;
    int r = tx_clients_save(ledger->clients, TX_FD_LEDGER_STATE, tx_ledger_size(ledger));
    if (r == 0)
        r = tx_resume_save(ledger, false);
    if (r < 0)
        tx_log(TX_LOG_WARNING, "cannot save where the next start may begin to read: %s",
               strerror(-r));
}

/* --- reading --- */

struct resume {
    uint64_t first;
    uint64_t offset;
    bool stopped;
    struct tx_control_header header;
};

static bool take_until(struct tx_text *text, char end, struct tx_text *ret) {
    const char *at = text->n ? memchr(text->p, end, text->n) : NULL;
    if (!at)
        return false;
    *ret = (struct tx_text){text->p, (size_t)(at - text->p)};
    text->n -= ret->n + 1;
    text->p = at + 1;
    return true;
}

static bool parse(struct tx_recovery *r, struct tx_text text, struct resume *ret) {
    struct tx_buf scratch = tx_buf_of(r->scratch.data, r->scratch.cap);
    struct tx_text first, offset, stopped, header;

    if (!tx_text_starts(text, TX_TEXT(HEAD)))
        return false;
    text.p += sizeof(HEAD) - 1;
    text.n -= sizeof(HEAD) - 1;
    if (!take_until(&text, ' ', &first) || !take_until(&text, ' ', &offset) ||
        !take_until(&text, '\n', &stopped) || !take_until(&text, '\n', &header) || text.n != 0 ||
        tx_dec_decode(first, &ret->first) < 0 || tx_dec_decode(offset, &ret->offset) < 0)
        return false;
    ret->stopped = tx_text_equal(stopped, TX_TEXT("1"));
    return (ret->stopped || tx_text_equal(stopped, TX_TEXT("0"))) &&
           tx_control_parse_header(r->ledger->hasher, header, &scratch, &ret->header) == 0;
}

/* The line that the note stands in ends there, in the file of that segment, which goes on. */
static bool stands_there(const struct resume *resume) {
    char name[TX_SEGMENT_NAME_BYTES];
    struct tx_control_checkpoint checkpoint = {.note = resume->header.previous};
    _cleanup_(tx_bytes_deinit) struct tx_bytes line = TX_BYTES_INIT;
    struct stat st;
    size_t n;

    if (!checkpoint.note.p || tx_bytes_reserve(&line, 4 * TX_LIMIT_CONTROL_LINE_BYTES) < 0)
        return false;
    struct tx_buf b = tx_buf_of(line.data, 2 * TX_LIMIT_CONTROL_LINE_BYTES);
    tx_control_render_checkpoint(&checkpoint, &b);
    tx_buf_char(&b, '\n');
    if (b.full || b.len > resume->offset)
        return false;
    tx_segment_name(resume->first, ".jsonl", name);
    _cleanup_(tx_fd_closep) int fd =
        openat(TX_FD_LEDGER_LOG, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           !(st.st_mode & TX_SEGMENT_GIVEN_UP) &&
           tx_fd_pread_full(fd, line.data + b.len, b.len, (off_t)(resume->offset - b.len), &n) ==
               0 &&
           n == b.len && memcmp(line.data, line.data + b.len, n) == 0;
}

/* Everything before it is known: to the table of clients, and to the signer. */
static bool is_covered(const struct tx_recovery *r, const struct resume *resume) {
    const struct tx_range *ours = &resume->header.range, *theirs = &r->signer.range;

    if (!tx_text_equal(resume->header.origin, tx_recovery_origin(r)) ||
        resume->header.first > r->clients_size || resume->header.first > tx_recovery_signed(r))
        return false;
    return ours->end != theirs->end ||
           (ours->n_nodes == theirs->n_nodes &&
            memcmp(ours->nodes, theirs->nodes, ours->n_nodes * sizeof(ours->nodes[0])) == 0);
}

int tx_resume_load(struct tx_recovery *r, uint64_t first, uint64_t *ret_offset) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    _cleanup_(tx_freep) struct resume *resume = calloc(1, sizeof(*resume));
    if (!resume)
        return -ENOMEM;
    *ret_offset = 0;
    int e = tx_file_read_at(TX_FD_LEDGER_STATE, NAME, FILE_BYTES, &file);
    if (e == -ENOMEM)
        return e;
    if (e < 0 || !parse(r, (struct tx_text){(char *)file.data, file.len}, resume) ||
        resume->first != first || !is_covered(r, resume) || !stands_there(resume))
        return 0;
    e = tx_tip_from_header(&r->ledger->now, &resume->header);
    if (e == 0)
        e = tx_tip_copy(&r->ledger->anchor, &r->ledger->now);
    if (e < 0)
        return e;
    r->stopped = resume->stopped;
    *ret_offset = resume->offset;
    return 0;
}
