/* SPDX-License-Identifier: MIT */
#include "libtx/mask/action/action.h"

#include <assert.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/action/action-parts.h"

typedef int (*apply_fn)(struct tx_action_tools *tools, const struct tx_masking_action *action,
                        const struct tx_action_subject *subject, struct tx_buf *out);

static const apply_fn apply_fns[TX_ACTION_N] = {
    [TX_ACTION_REPLACE] = tx_action_replace,
    [TX_ACTION_MASK] = tx_action_mask,
    [TX_ACTION_IP] = tx_action_ip,
    [TX_ACTION_DATE] = tx_action_date,
    [TX_ACTION_BUCKET] = tx_action_bucket,
    [TX_ACTION_ROUND] = tx_action_round,
    [TX_ACTION_URL] = tx_action_url,
    [TX_ACTION_COMMIT] = tx_action_commit,
    [TX_ACTION_PSEUDONYM] = tx_action_pseudonym,
    [TX_ACTION_ENCRYPT] = tx_action_encrypt,
};

/* A second masking finds what the first one left. */
static bool is_done(const struct tx_action_subject *subject) {
    return tx_text_equal(subject->text, TX_ACTION_REDACTED) ||
           (!subject->is_new && tx_action_is_output(subject->text));
}

int tx_action_apply(struct tx_action_tools *tools, const struct tx_masking_action *action,
                    const struct tx_action_subject *subject, struct tx_buf *out) {
    size_t start = out->len;

    assert(action->kind < TX_ACTION_N && apply_fns[action->kind]);
    if (action->kind != TX_ACTION_REPLACE && is_done(subject)) {
        tx_buf_put(out, subject->text.p, subject->text.n);
        return out->full ? TX_ACTION_E_FAILED : 0;
    }
    int r = apply_fns[action->kind](tools, action, subject, out);
    if (r == 0 && out->full)
        r = TX_ACTION_E_FAILED;
    if (r != 0) {
        tx_wipe(out->data + start, out->len - start);
        out->len = start;
    }
    return r;
}

bool tx_action_is_output(struct tx_text text) {
    static const struct tx_text commit = {"commit:", 7};
    if (text.n == 0 || !memchr(text.p, ':', text.n))
        return false; /* all of them have one; most texts have none */
    if (tx_text_starts(text, commit))
        return text.n == commit.n + 43 &&
               tx_action_is_base64url((struct tx_text){text.p + commit.n, 43});
    return tx_pseudonym_is(text) || tx_ciphertext_is(text);
}

bool tx_action_is_base64url(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++)
        if (tx_base64url_digit(text.p[i]) < 0)
            return false;
    return text.n % 4 != 1;
}
