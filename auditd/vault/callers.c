/* SPDX-License-Identifier: MIT */
#include "auditd/vault/callers.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/secret.h"

/* One byte more than a question may have, to see that it has. */
#define QUESTION_BYTES (TX_VAULT_QUESTION_BYTES + 1u)
#define ANSWER_BYTES (1u + TX_VAULT_TOKEN_BYTES)

static void hang_up(struct tx_vault_caller *caller) {
    tx_loop_remove(caller->callers->loop, caller->source);
    tx_loop_remove(caller->callers->loop, caller->timer);
    tx_fd_closep(&caller->fd);
    *caller = (struct tx_vault_caller){.callers = caller->callers, .fd = -1};
}

/* One question, one answer: there is room, unless the caller does not read what he asked for. */
static bool answer(struct tx_vault_caller *caller, const void *p, size_t n) {
    if (send(caller->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n &&
        tx_loop_set_timer(caller->timer, tx_clock_boot() + TX_CALLERS_IDLE_NS, 0) == 0)
        return true;
    hang_up(caller);
    return false;
}

static int on_idle(void *data, uint32_t events) {
    (void)events;
    hang_up(data);
    return 0;
}

static void answer_token(struct tx_vault_caller *caller, const struct tx_vault_question *question) {
    struct tx_buf b = tx_buf_of(caller->callers->memory + QUESTION_BYTES, ANSWER_BYTES);
    struct tx_buf clear = tx_buf_of(b.data + 1, TX_VAULT_TOKEN_BYTES);
    int64_t time = 0;

    enum tx_vault_result result =
        tx_vault_open_token(caller->callers->vault, &caller->reveal, question, &clear, &time);
    tx_buf_u8(&b, (uint8_t)result);
    if (result == TX_VAULT_CLEAR)
        b.len += clear.len;
    else if (result == TX_VAULT_ERASED)
        tx_buf_u64(&b, (uint64_t)time);
    answer(caller, b.data, b.len);
    tx_wipe(b.data, ANSWER_BYTES);
}

static int on_token(void *data, uint32_t events) {
    struct tx_vault_caller *caller = data;
    uint8_t *message = caller->callers->memory;
    struct tx_vault_question question;

    (void)events;
    ssize_t n = recv(caller->fd, message, QUESTION_BYTES, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    struct tx_cursor c = tx_cursor_of(message, n > 0 ? (size_t)n : 0);
    if (n > (ssize_t)TX_VAULT_QUESTION_BYTES || tx_cursor_u16(&c, &question.ordinal) < 0) {
        hang_up(caller);
        return 0;
    }
    question.token = (struct tx_text){.p = (const char *)c.p, .n = c.n};
    answer_token(caller, &question);
    return 0;
}

int tx_callers_init(struct tx_callers *callers, struct tx_loop *loop, struct tx_vault *vault) {
    *callers = (struct tx_callers){.loop = loop, .vault = vault};
    for (size_t i = 0; i < TX_CALLERS_MAX; i++)
        callers->all[i] = (struct tx_vault_caller){.callers = callers, .fd = -1};
    callers->memory = tx_secret_alloc(QUESTION_BYTES + ANSWER_BYTES);
    return callers->memory ? 0 : -ENOMEM;
}

void tx_callers_deinit(struct tx_callers *callers) {
    for (size_t i = 0; callers->memory && i < TX_CALLERS_MAX; i++)
        if (callers->all[i].fd >= 0)
            hang_up(&callers->all[i]);
    tx_secret_free(callers->memory, QUESTION_BYTES + ANSWER_BYTES);
    callers->memory = NULL;
}

static struct tx_vault_caller *find_free(struct tx_callers *callers) {
    for (size_t i = 0; i < TX_CALLERS_MAX; i++)
        if (callers->all[i].fd < 0)
            return &callers->all[i];
    return NULL;
}

static void keep(struct tx_vault_caller *caller, const struct tx_vault_reveal *reveal) {
    caller->reveal = *reveal;
    memcpy(caller->field, reveal->field.p, reveal->field.n);
    caller->reveal.field.p = caller->field;
    caller->reveal.reason = (struct tx_text){.p = NULL}; /* the log has it */
}

int tx_callers_add(struct tx_callers *callers, int fd, const struct tx_vault_reveal *reveal) {
    struct tx_vault_caller *caller = find_free(callers);
    const uint8_t go = TX_VAULT_GO;

    if (!caller) {
        tx_fd_closep(&fd);
        return 0;
    }
    caller->fd = fd;
    keep(caller, reveal);
    int r = tx_loop_add(callers->loop, fd, EPOLLIN, on_token, caller, &caller->source);
    if (r >= 0)
        r = tx_loop_add_timer(callers->loop, on_idle, caller, &caller->timer);
    if (r < 0)
        hang_up(caller);
    else
        answer(caller, &go, sizeof(go));
    return r == -ENOMEM ? r : 0;
}
