/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/vault-link.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "auditd/ipc/vault.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/secret.h"

static int get_key(void *data, struct tx_text person, struct tx_subject_key *ret);

int tx_vault_link_init(struct tx_vault_link *link) {
    *link = (struct tx_vault_link){.fd = -1, .keys = {.get = get_key, .data = link}};
    int r = tx_aead_new(&link->aead);
    return r < 0 ? r : tx_key_cache_new(&link->cache);
}

void tx_vault_link_deinit(struct tx_vault_link *link) {
    if (!link->aead)
        return;
    tx_fd_closep(&link->fd);
    tx_key_cache_free(link->cache);
    tx_aead_free(link->aead);
    link->cache = NULL;
    link->aead = NULL;
}

void tx_vault_link_connect(struct tx_vault_link *link, int fd) {
    tx_fd_closep(&link->fd);
    link->fd = fd;
    link->has_answered = false;
    link->pause_until_ns = 0;
}

static int send_question(struct tx_vault_link *link, struct tx_text person) {
    uint8_t memory[TX_VAULT_MESSAGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_vault_message message = {
        .type = TX_VAULT_GET, .number = ++link->number, .person = person};

    tx_vault_message_render(&message, &b);
    ssize_t n = send(link->fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    int r = n < 0 ? -errno : 0;
    tx_wipe(memory, sizeof(memory));
    return r;
}

/* -EAGAIN: nothing is there, or what came is the answer to an earlier question. */
static int receive_answer(struct tx_vault_link *link, struct tx_vault_message *ret) {
    uint8_t memory[TX_VAULT_MESSAGE_BYTES];

    ssize_t n = recv(link->fd, memory, sizeof(memory), MSG_DONTWAIT);
    if (n <= 0)
        return n == 0 ? -EPIPE : errno == EINTR ? -EAGAIN : -errno;
    int r = tx_vault_message_parse((struct tx_text){(const char *)memory, (size_t)n}, ret);
    tx_wipe(memory, sizeof(memory));
    if (r < 0 || ret->type == TX_VAULT_GET)
        return -EBADMSG;
    return ret->number == link->number ? 0 : -EAGAIN;
}

static int await_answer(struct tx_vault_link *link, struct tx_vault_message *ret) {
    int wait_ms = link->has_answered ? TX_VAULT_LINK_WAIT_MS : TX_VAULT_LINK_FIRST_WAIT_MS;
    int64_t deadline = tx_clock_boot() + wait_ms * INT64_C(1000000);

    for (;;) {
        struct pollfd wait = {.fd = link->fd, .events = POLLIN};
        int64_t left_ns = deadline - tx_clock_boot();
        if (left_ns <= 0)
            return -ETIMEDOUT;
        if (poll(&wait, 1, (int)(left_ns / 1000000) + 1) <= 0)
            continue;
        int r = receive_answer(link, ret);
        if (r != -EAGAIN)
            return r;
    }
}

static int ask(struct tx_vault_link *link, struct tx_text person, struct tx_vault_message *ret) {
    if (link->fd < 0)
        return -EPIPE;
    if (tx_clock_boot() < link->pause_until_ns)
        return -EAGAIN;
    link->n_asked++;
    int r = send_question(link, person);
    if (r == 0)
        r = await_answer(link, ret);
    if (r == 0)
        link->has_answered = true;
    if (r == 0 && ret->type == TX_VAULT_ERROR) {
        if (ret->error == TX_VAULT_E_PERSON)
            return -EINVAL;
        r = -EIO;
    }
    if (r < 0)
        link->pause_until_ns = tx_clock_boot() + TX_VAULT_LINK_PAUSE_NS;
    if (r == -EPIPE || r == -ECONNRESET || r == -EBADMSG)
        tx_fd_closep(&link->fd); /* the supervisor gives us another */
    return r;
}

static int get_key(void *data, struct tx_text person, struct tx_subject_key *ret) {
    struct tx_vault_link *link = data;
    struct tx_vault_message answer;

    if (person.n == 0 || person.n > TX_VAULT_PERSON_BYTES) {
        link->n_failed++;
        return -EINVAL;
    }
    if (tx_key_cache_find(link->cache, person, ret))
        return 0;
    int r = ask(link, person, &answer);
    if (r < 0) {
        link->n_failed++;
        return r;
    }
    memcpy(ret->ref, answer.ref, sizeof(ret->ref));
    memcpy(ret->key, answer.key, sizeof(ret->key));
    tx_wipe(&answer, sizeof(answer));
    tx_key_cache_put(link->cache, person, ret);
    return 0;
}
