/* SPDX-License-Identifier: MIT */
/* The thread's context set, and brought back. A token holds what was there before, so nothing is
 * allocated and no depth is too much; the thread remembers only which token is in force. */
#include "libaudit-client/context/counts.h"
#include "libaudit-client/context/current.h"

static const struct tx_context none;

int tx_context_get(struct tx_context *ret_context) {
    struct tx_context_parts *ret = (struct tx_context_parts *)ret_context;

    if (!ret_context)
        return -EINVAL;
    tx_current_read(tx_current(), ret);
    return 0;
}

static int set(struct tx_current *current, const struct tx_context *context) {
    const struct tx_context_parts *parts;
    int r = tx_context_view(context ? context : &none, &parts);

    return r < 0 ? r : tx_current_write(current, parts);
}

int tx_context_set(const struct tx_context *context) {
    return set(tx_current(), context);
}

int tx_context_attach(const struct tx_context *context, struct tx_context_token *ret_token) {
    struct tx_current *current = tx_current();

    if (!ret_token)
        return -EINVAL;
    ret_token->serial_ = 0;
    tx_current_read(current, (struct tx_context_parts *)&ret_token->before_);
    int r = set(current, context);
    if (r == -EINVAL)
        return r;
    ret_token->thread_ = current;
    ret_token->before_serial_ = current->serial;
    ret_token->serial_ = current->serial = ++current->last_serial;
    return r;
}

int tx_context_detach(struct tx_context_token *token) {
    struct tx_current *current = tx_current();

    if (!token)
        return -EINVAL;
    if (token->serial_ == 0 || token->thread_ != current || token->serial_ > current->serial) {
        tx_context_count(&tx_context_counts.misnested, 1);
        return -EALREADY;
    }
    if (token->serial_ < current->serial) /* what was attached within it was never detached */
        tx_context_count(&tx_context_counts.misnested, 1);
    current->serial = token->before_serial_;
    token->serial_ = 0;
    return set(current, &token->before_);
}
