/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/policy.h"

#include <assert.h>
#include <string.h>

#define MAGIC 0x31507854u /* TxP1 */

/* --- the policy --- */

static void put_short(struct tx_buf *b, const void *p, size_t n) {
    assert(n <= UINT8_MAX);
    tx_buf_u8(b, (uint8_t)n);
    tx_buf_put(b, p, n);
}

void tx_ipc_policy_render(const struct tx_ipc_policy *policy, struct tx_buf *b) {
    assert(policy->n_keys <= TX_IPC_POLICY_KEYS_MAX);
    tx_buf_u32(b, MAGIC);
    tx_buf_u8(b, policy->has_sha256);
    tx_buf_put(b, policy->sha256, sizeof(policy->sha256));
    tx_buf_u8(b, (uint8_t)policy->n_keys);
    for (size_t i = 0; i < policy->n_keys; i++) {
        put_short(b, policy->keys[i].id.p, policy->keys[i].id.n);
        put_short(b, policy->keys[i].bytes, policy->keys[i].n);
    }
    tx_buf_u32(b, (uint32_t)policy->text.n);
    tx_buf_put(b, policy->text.p, policy->text.n);
}

static int take_short(struct tx_cursor *c, const uint8_t **ret_p, size_t *ret_n) {
    uint8_t n;
    int r = tx_cursor_u8(c, &n);
    *ret_n = r == 0 ? n : 0;
    return r == 0 ? tx_cursor_bytes(c, n, ret_p) : r;
}

static int take_key(struct tx_cursor *c, struct tx_ipc_policy_key *ret) {
    const uint8_t *id;
    size_t n_id;

    int r = take_short(c, &id, &n_id);
    if (r == 0)
        r = take_short(c, &ret->bytes, &ret->n);
    if (r < 0 || n_id == 0 || ret->n < TX_IPC_POLICY_KEY_BYTES_MIN ||
        ret->n > TX_IPC_POLICY_KEY_BYTES_MAX)
        return -EBADMSG;
    ret->id = (struct tx_text){.p = (const char *)id, .n = n_id};
    return 0;
}

static int take_head(struct tx_cursor *c, struct tx_ipc_policy *ret) {
    const uint8_t *sha256;
    uint32_t magic;
    uint8_t has, n_keys;

    int r = tx_cursor_u32(c, &magic);
    if (r == 0)
        r = tx_cursor_u8(c, &has);
    if (r == 0)
        r = tx_cursor_bytes(c, sizeof(ret->sha256), &sha256);
    if (r == 0)
        r = tx_cursor_u8(c, &n_keys);
    if (r < 0 || magic != MAGIC || has > 1 || n_keys > TX_IPC_POLICY_KEYS_MAX)
        return -EBADMSG;
    ret->has_sha256 = has == 1;
    memcpy(ret->sha256, sha256, sizeof(ret->sha256));
    ret->n_keys = n_keys;
    return 0;
}

int tx_ipc_policy_parse(struct tx_cursor *c, struct tx_ipc_policy *ret) {
    struct tx_ipc_policy policy = {.n_keys = 0};
    const uint8_t *text;
    uint32_t n;

    int r = take_head(c, &policy);
    for (size_t i = 0; r == 0 && i < policy.n_keys; i++)
        r = take_key(c, &policy.keys[i]);
    if (r == 0)
        r = tx_cursor_u32(c, &n);
    if (r < 0 || n != c->n || tx_cursor_bytes(c, n, &text) < 0)
        return -EBADMSG;
    policy.text = (struct tx_text){.p = (const char *)text, .n = n};
    *ret = policy;
    return 0;
}

/* --- a change --- */

static void put_text(struct tx_buf *b, struct tx_text text, size_t max) {
    size_t n = text.n < max ? text.n : max;
    tx_buf_u16(b, (uint16_t)n);
    if (n > 0)
        tx_buf_put(b, text.p, n);
}

/* How many of the texts have room. */
static size_t fitting(const struct tx_ipc_policy_change *change) {
    size_t n = 0, bytes = 0;
    while (n < change->n_weakened) {
        bytes += change->weakened[n].n;
        if (bytes > TX_IPC_POLICY_WEAKENED_BYTES)
            break;
        n++;
    }
    return n;
}

void tx_ipc_policy_change_render(const struct tx_ipc_policy_change *change, struct tx_buf *b) {
    size_t n = fitting(change);

    assert(change->n_weakened <= TX_IPC_POLICY_WEAKENED_MAX);
    put_text(b, change->why, 64);
    put_text(b, change->rejected, 64);
    put_text(b, change->place, 1024);
    tx_buf_u8(b, change->allowed);
    tx_buf_u8(b, change->more || n < change->n_weakened);
    tx_buf_u8(b, (uint8_t)n);
    for (size_t i = 0; i < n; i++)
        put_text(b, change->weakened[i], TX_IPC_POLICY_WEAKENED_BYTES);
}

static int take_text(struct tx_cursor *c, struct tx_text *ret) {
    const uint8_t *p;
    uint16_t n;
    int r = tx_cursor_u16(c, &n);
    if (r == 0)
        r = tx_cursor_bytes(c, n, &p);
    if (r == 0)
        *ret = (struct tx_text){.p = (const char *)p, .n = n};
    return r;
}

int tx_ipc_policy_change_parse(struct tx_text payload, struct tx_ipc_policy_change *ret) {
    struct tx_cursor c = tx_cursor_of(payload.p, payload.n);
    struct tx_ipc_policy_change change = {.n_weakened = 0};
    uint8_t allowed = 0, more = 0, n = 0;

    int r = take_text(&c, &change.why);
    if (r == 0)
        r = take_text(&c, &change.rejected);
    if (r == 0)
        r = take_text(&c, &change.place);
    if (r == 0)
        r = tx_cursor_u8(&c, &allowed);
    if (r == 0)
        r = tx_cursor_u8(&c, &more);
    if (r == 0)
        r = tx_cursor_u8(&c, &n);
    if (r < 0 || allowed > 1 || more > 1 || n > TX_IPC_POLICY_WEAKENED_MAX)
        return -EBADMSG;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = take_text(&c, &change.weakened[i]);
    if (r < 0 || c.n > 0)
        return -EBADMSG;
    change.allowed = allowed;
    change.more = more;
    change.n_weakened = n;
    *ret = change;
    return 0;
}
