/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auditd/ipc/fds.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

#define LOG TX_FD_LEDGER_LOG
#define FILE_BYTES (2u * TX_LIMIT_NOTE_BYTES)

static int set_origin(struct tx_ledger *ledger, struct tx_text origin) {
    ledger->origin.len = 0;
    return tx_bytes_append(&ledger->origin, origin.p, origin.n);
}

/* What `--new-log` left in the new directory: the old origin, a newline, the old note. */
static int read_continues(struct tx_bytes *b, struct tx_control_log *log) {
    int r = tx_file_read_at(LOG, "continues", TX_LIMIT_NOTE_BYTES + TX_LIMIT_ORIGIN_BYTES + 1, b);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    const char *newline = b->len ? memchr(b->data, '\n', b->len) : NULL;
    if (!newline)
        return -EBADMSG;
    size_t n = (size_t)(newline - (const char *)b->data);
    log->continues_origin = (struct tx_text){.p = (const char *)b->data, .n = n};
    log->continues_checkpoint = (struct tx_text){.p = newline + 1, .n = b->len - n - 1};
    return 0;
}

static int create(struct tx_ledger *ledger, const struct tx_notary_state *state) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes continues = TX_BYTES_INIT;
    _cleanup_(tx_freep) uint8_t *memory = malloc(FILE_BYTES);
    struct tx_control_log log = {
        .origin = {.p = state->identity.name, .n = state->identity.n_name},
        .identity = state->identity,
        .epoch0 = state->epoch0,
    };
    if (!memory)
        return -ENOMEM;
    int r = read_continues(&continues, &log);
    if (r < 0)
        return r;
    struct tx_buf b = tx_buf_of(memory, FILE_BYTES);
    tx_control_render_log(&log, &b);
    tx_buf_char(&b, '\n');
    if (b.full)
        return -EMSGSIZE;
    r = tx_file_replace_at(LOG, "log.json", b.data, b.len, 0440);
    if (r < 0)
        return r;
    if (unlinkat(LOG, "continues", 0) < 0 && errno != ENOENT)
        return -errno;
    return set_origin(ledger, log.origin);
}

int tx_ledger_identity(struct tx_ledger *ledger, const struct tx_notary_state *state, bool fresh,
                       const char *new_log, char ret_why[TX_LEDGER_WHY_BYTES]) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    _cleanup_(tx_freep) uint8_t *memory = malloc(FILE_BYTES);
    struct tx_control_log log;

    if (!memory)
        return -ENOMEM;
    int r = tx_file_read_at(LOG, "log.json", FILE_BYTES, &file);
    if (r == -ENOENT && fresh)
        return create(ledger, state);
    if (r < 0 && r != -ENOENT && r != -EFBIG)
        return r;
    struct tx_buf scratch = tx_buf_of(memory, FILE_BYTES);
    if (r == 0)
        unlinkat(LOG, "continues", 0); /* a crash came between log.json and this */
    size_t n = file.len && file.data[file.len - 1] == '\n' ? file.len - 1 : file.len;
    if (r < 0 || tx_control_parse_log(ledger->hasher, (struct tx_text){(char *)file.data, n},
                                      &scratch, &log) < 0) {
        snprintf(ret_why, TX_LEDGER_WHY_BYTES,
                 "log.json in the log directory is missing or damaged, but the log has records. "
                 "Put it back from a backup, or set this log aside and begin one that names it: "
                 "tracex-auditd %s",
                 new_log);
        return TX_LEDGER_E_REFUSED;
    }
    if (!tx_vkey_equal(&log.identity, &state->identity) ||
        !tx_vkey_equal(&log.epoch0, &state->epoch0)) {
        snprintf(ret_why, TX_LEDGER_WHY_BYTES,
                 "log.json names another identity key than the one in the key directory: log and "
                 "keys do not belong together. Put the right ones back, or set both aside and "
                 "begin a log that names this one: tracex-auditd %s",
                 new_log);
        return TX_LEDGER_E_REFUSED;
    }
    return set_origin(ledger, log.origin);
}
