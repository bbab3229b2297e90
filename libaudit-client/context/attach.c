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
    ret_token->before_texts_serial_ = current->texts_serial;
    ret_token->serial_ = current->serial = current->texts_serial = ++current->last_serial;
    return r;
}

/* A span around it has ended first, and has brought back the ids that were there before both. */
static int bring_back_texts(struct tx_current *current, struct tx_context_token *token) {
    const struct tx_context_parts *before;

    if (token->serial_ != current->texts_serial)
        return -EALREADY;
    current->texts_serial = token->before_texts_serial_;
    token->serial_ = 0;
    int r = tx_context_view(&token->before_, &before);
    if (r == 0 && current->texts)
        tx_context_texts_copy(current->texts, &before->texts);
    tx_current_settle(current);
    return r;
}

int tx_context_detach(struct tx_context_token *token) {
    struct tx_current *current = tx_current();

    if (!token)
        return -EINVAL;
    bool is_here = token->serial_ != 0 && token->thread_ == current;
    /* Twice, elsewhere, after what is around it, or before what is within it. */
    if (!is_here || token->serial_ != current->serial)
        tx_context_count(&tx_context_counts.misnested, 1);
    if (!is_here)
        return -EALREADY;
    if (token->serial_ > current->serial)
        return bring_back_texts(current, token);
    current->serial = token->before_serial_;
    current->texts_serial = token->before_texts_serial_;
    token->serial_ = 0;
    return set(current, &token->before_);
}
