/* SPDX-License-Identifier: MIT */
#include "auditd/signer/epoch.h"

#include <fcntl.h>
#include <string.h>

#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

void tx_epoch_read_clocks(struct tx_epoch_now *now) {
    now->boot_ns = tx_clock_boot();
    now->wall_ns = tx_clock_wall();
}

void tx_epoch_read_boot_id(uint8_t ret[16]) {
    char text[37], hex[32];
    size_t n = 0, n_hex = 0;
    memset(ret, 0, 16);
    _cleanup_(tx_fd_closep) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || tx_fd_read_full(fd, text, sizeof(text), &n) < 0)
        return;
    for (size_t i = 0; i < n && n_hex < sizeof(hex); i++)
        if (text[i] != '-')
            hex[n_hex++] = text[i];
    if (tx_hex_decode((struct tx_text){hex, n_hex}, ret, 16) < 0)
        memset(ret, 0, 16);
}

static bool is_same_boot(const struct tx_state *state, const struct tx_epoch_now *now) {
    static const uint8_t unknown[16];
    return memcmp(state->boot_id, now->boot_id, sizeof(now->boot_id)) == 0 &&
           memcmp(now->boot_id, unknown, sizeof(unknown)) != 0;
}

void tx_epoch_adopt_boot(struct tx_state *state, const struct tx_epoch_now *now) {
    int64_t age = 0;
    if (!state->has_first || is_same_boot(state, now))
        return;
    /* A wall clock that went back says nothing; then the epoch begins to count anew. */
    if (__builtin_sub_overflow(now->wall_ns, state->first_wall_ns, &age) || age < 0)
        age = 0;
    if (__builtin_sub_overflow(now->boot_ns, age, &state->first_boot_ns))
        state->first_boot_ns = now->boot_ns;
    memcpy(state->boot_id, now->boot_id, sizeof(state->boot_id));
}

void tx_epoch_mark_first(struct tx_state *state, const struct tx_epoch_now *now) {
    if (state->has_first)
        return;
    state->has_first = true;
    state->first_boot_ns = now->boot_ns;
    state->first_wall_ns = now->wall_ns;
    memcpy(state->boot_id, now->boot_id, sizeof(state->boot_id));
}

/* Whether age or count is at least `times` the limit. */
static bool has_reached(const struct tx_state *state, const struct tx_epoch_limits *limits,
                        const struct tx_epoch_now *now, uint64_t times) {
    int64_t age = 0;
    uint64_t count = state->range.end - state->epoch_begin;
    if (state->has_first && __builtin_sub_overflow(now->boot_ns, state->first_boot_ns, &age))
        age = INT64_MAX;
    if (limits->records > 0 && count / times >= limits->records)
        return true;
    return limits->ns > 0 && age > 0 && (uint64_t)age / times >= (uint64_t)limits->ns;
}

bool tx_epoch_is_due(const struct tx_state *state, const struct tx_epoch_limits *limits,
                     const struct tx_epoch_now *now) {
    return has_reached(state, limits, now, 1);
}

bool tx_epoch_is_over(const struct tx_state *state, const struct tx_epoch_limits *limits,
                      const struct tx_epoch_now *now) {
    return has_reached(state, limits, now, 2);
}

void tx_epoch_render_line(const struct tx_state *state, uint64_t seq, const struct tx_vkey *next,
                          bool broken, struct tx_buf *b) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_buf vkey = tx_buf_of(memory, sizeof(memory));
    tx_vkey_render(next, &vkey);
    tx_buf_str(b, "{\"seq\":");
    tx_buf_dec(b, seq);
    tx_buf_str(b, ",\"by\":\"ledger\",\"event\":\"tracex.epoch\",\"data\":{\"epoch\":");
    tx_buf_dec(b, state->epoch + 1);
    tx_buf_str(b, ",\"vkey\":");
    tx_buf_json_string(b, memory, vkey.len);
    tx_buf_str(b, ",\"checkpoints\":");
    tx_buf_dec(b, state->n_checkpoints);
    tx_buf_str(b, ",\"digest\":\"");
    tx_buf_base64(b, state->digest.bytes, sizeof(state->digest.bytes));
    tx_buf_char(b, '"');
    if (broken)
        tx_buf_str(b, ",\"broken\":\"epoch key lost\"");
    tx_buf_str(b, "}}");
}

bool tx_epoch_is_line(struct tx_text line) {
    static const struct tx_text seq = TX_TEXT("{\"seq\":");
    static const struct tx_text rest = TX_TEXT(",\"by\":\"ledger\",\"event\":\"tracex.epoch\"");
    if (!tx_text_starts(line, seq))
        return false;
    size_t at = seq.n;
    while (at < line.n && line.p[at] >= '0' && line.p[at] <= '9')
        at++;
    return tx_text_starts((struct tx_text){line.p + at, line.n - at}, rest);
}
