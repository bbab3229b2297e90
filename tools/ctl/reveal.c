/* SPDX-License-Identifier: MIT */
/*
 * Decrypting one field of one record. The daemon first writes a record of it, then the vault
 * answers on this connection; clear text goes to standard output and nowhere else.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auditd/ipc/control-socket.h"
#include "auditd/ipc/vault.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/secret.h"
#include "libtx/record/read.h"
#include "libtx/segment/follow.h"
#include "tools/ctl/daemon.h"
#include "tools/ctl/reveal-place.h"
#include "tools/ctl/token.h"
#include "tools/shared/terminal.h"

/* A byte that is escaped takes six; clear text is shorter than what stands for it. */
#define OUT_BYTES (6u * TX_LIMIT_LINE_BYTES)
#define ANSWER_BYTES (1u + TX_VAULT_TOKEN_BYTES)

/* A field can hold what looks like tokens and is none, as a client wrote it, and a token can have
 * gone into another: so a token need not have the number that it seems to have. So many may be
 * wrong, and so often may the vault be asked in vain. */
#define ORDINALS_MORE 8
#define VAIN_MAX 4096

/* A token has no end of its own: characters that could be its own may follow it. It is asked for
 * with so many of them and ever fewer. */
#define LENGTHS_MAX 256

struct reveal {
    uint64_t seq;
    const char *field; /* or a member's path */
    const char *reason;
    bool has_seq;
    struct tx_text id, policy; /* of the record */
    struct tx_reveal_place place;
    int fd;          /* the daemon, then the vault */
    uint32_t next;   /* the number that the next token has */
    uint32_t n_vain; /* questions */
    uint8_t *question;
    uint8_t *answer;   /* wiped */
    struct tx_buf out; /* wiped */
    bool failed;       /* something in it is erased or refused */
    bool shown;        /* something in it is opened, or is known to be erased */
};

/* --- the record --- */

static int find_line(int dirfd, uint64_t seq, struct tx_bytes *line) {
    _cleanup_(tx_follow_freep) struct tx_follow *follow = NULL;
    struct tx_follow_options options = {
        .dirfd = dirfd, .first = seq, .checkpoint = UINT64_MAX, .unproven = true};
    struct tx_follow_item item;

    int r = tx_follow_new(&options, &follow);
    while (r == 0 && (r = tx_follow_next(follow, &item)) == 0) {
        if (item.kind != TX_FOLLOW_RECORD)
            continue;
        if (item.number != seq)
            return -ENOENT;
        return tx_bytes_append(line, item.line.p, item.line.n);
    }
    return r < 0 ? r : -ENOENT;
}

/* --- the daemon --- */

/* What may go on is said by one byte of the vault; anything else is the daemon's refusal. */
static int begin(struct reveal *reveal, const char *path) {
    char request[TX_CONTROL_SOCKET_REQUEST_BYTES], answer[4096];
    struct tx_buf b = tx_buf_of(request, sizeof(request)), a = tx_buf_of(answer, sizeof(answer));

    tx_buf_put(&b, "reveal", 7); /* each with a NUL behind it, but for the last */
    tx_buf_dec(&b, reveal->seq);
    tx_buf_char(&b, '\0');
    tx_buf_put(&b, reveal->id.p, reveal->id.n);
    tx_buf_char(&b, '\0');
    tx_buf_put(&b, reveal->policy.p, reveal->policy.n);
    tx_buf_char(&b, '\0');
    tx_buf_put(&b, reveal->place.field.p, reveal->place.field.n);
    tx_buf_char(&b, '\0');
    tx_buf_str(&b, reveal->reason);
    int r = b.full ? -EMSGSIZE : tx_control_socket_open(path, TX_CTL_TIMEOUT_MS, &reveal->fd);
    if (r == 0)
        r = tx_control_socket_exchange(reveal->fd, (struct tx_text){request, b.len}, &a);
    if (r < 0) {
        tx_ctl_say_no_answer(path, r);
        return r;
    }
    if (a.len == 1 && answer[0] == TX_VAULT_GO)
        return 0;
    json_decref(tx_ctl_parse_answer(&a));
    return -EPERM;
}

static void put_erased(struct reveal *reveal, const uint8_t *p, size_t n) {
    char when[40] = "";
    struct tx_buf b = tx_buf_of(when, sizeof(when) - 1);
    struct tx_cursor c = tx_cursor_of(p, n);
    uint64_t time;

    if (tx_cursor_u64(&c, &time) == 0)
        tx_buf_time(&b, (int64_t)time);
    tx_ctl_say("erased on %s: the subject's key was destroyed, and nobody can read it again", when);
    tx_buf_str(&reveal->out, "[erased]");
    reveal->failed = reveal->shown = true;
}

/* What cannot be opened stays as it stands there: a client may have written it. */
static void refuse(struct reveal *reveal, struct tx_text token, enum tx_vault_result result) {
    static const char *const texts[] = {
        [TX_VAULT_UNKNOWN] = "no key of this vault: it was encrypted on another machine, or the "
                             "vault is a new one",
        [TX_VAULT_FORGED] = "it is not what the daemon wrote into this place of this record and "
                            "field, or it was changed",
        [TX_VAULT_NO_TOKEN] = "it is damaged, or it was cut",
        [TX_VAULT_FAILED] = "the vault could not read its table; the daemon's messages say more",
    };
    bool known = (size_t)result < TX_COUNT_OF(texts) && texts[result];
    tx_ctl_say("refused: %s", known ? texts[result] : "the vault's answer makes no sense");
    tx_buf_put(&reveal->out, token.p, token.n);
    reveal->failed = true;
}

static int ask_vault(struct reveal *reveal, uint32_t ordinal, struct tx_text token,
                     struct tx_buf *ret) {
    struct tx_buf b = tx_buf_of(reveal->question, TX_VAULT_QUESTION_BYTES);

    *ret = tx_buf_of(reveal->answer, ANSWER_BYTES);
    tx_buf_u16(&b, (uint16_t)ordinal);
    tx_buf_put(&b, token.p, token.n);
    int r = b.full ? -EMSGSIZE
                   : tx_control_socket_exchange(reveal->fd,
                                                (struct tx_text){(const char *)b.data, b.len}, ret);
    if (r == 0 && ret->len > 0)
        return 0;
    tx_ctl_say("the vault does not answer: %s", strerror(r < 0 ? -r : EPIPE));
    return r < 0 ? r : -EPIPE;
}

/* Whether it is to be asked for in another way. */
static bool is_vain(struct reveal *reveal, const struct tx_buf *answer) {
    uint8_t result = answer->data[0];
    return (result == TX_VAULT_FORGED || result == TX_VAULT_NO_TOKEN) &&
           ++reveal->n_vain <= VAIN_MAX;
}

/* Of the length that it may have; what is behind it stays. *n is how long it is when it opens. */
static int ask_by_length(struct reveal *reveal, struct tx_text text, size_t *n,
                         struct tx_buf *ret) {
    const size_t longest = *n;
    size_t n_now = longest;

    for (int i = 0; n_now > 0 && i < LENGTHS_MAX; i++) {
        int r = ask_vault(reveal, reveal->next, (struct tx_text){text.p, n_now}, ret);
        if (r < 0 || !is_vain(reveal, ret)) {
            *n = r == 0 && ret->data[0] == TX_VAULT_CLEAR ? n_now : longest;
            return r;
        }
        n_now = tx_token_shorter(text, n_now);
    }
    return 0;
}

/* By the number that it should have, else by those behind it, else by those before. */
static int ask_in_turn(struct reveal *reveal, struct tx_text text, size_t *n, struct tx_buf *ret) {
    uint32_t n_ordinals = reveal->place.n_tokens + ORDINALS_MORE, next = reveal->next;

    int r = ask_by_length(reveal, text, n, ret);
    for (uint32_t i = 1;
         r == 0 && i < n_ordinals && ret->data[0] != TX_VAULT_CLEAR && is_vain(reveal, ret); i++) {
        reveal->next = (next - 1 + i) % n_ordinals + 1;
        r = ask_vault(reveal, reveal->next, (struct tx_text){text.p, *n}, ret);
    }
    if (r == 0 && ret->data[0] == TX_VAULT_CLEAR) {
        if (reveal->next < next)
            tx_ctl_say("value %u of the field does not stand where it was written", reveal->next);
        next = reveal->next % n_ordinals + 1;
        reveal->shown = true;
    }
    reveal->next = next;
    return r;
}

/* The token that the text begins with, of *n bytes at most. */
static int open_token(struct reveal *reveal, struct tx_text text, size_t *n) {
    struct tx_buf a;

    int r = ask_in_turn(reveal, text, n, &a);
    if (r < 0)
        return r;
    if (a.data[0] == TX_VAULT_ERASED)
        put_erased(reveal, a.data + 1, a.len - 1);
    else if (a.data[0] != TX_VAULT_CLEAR)
        refuse(reveal, (struct tx_text){text.p, *n}, a.data[0]);
    else if (reveal->place.is_json)
        tx_buf_json(&reveal->out, (const char *)a.data + 1, a.len - 1);
    else
        tx_buf_put(&reveal->out, a.data + 1, a.len - 1);
    return 0;
}

static int open_all(struct reveal *reveal) {
    struct tx_text text = {(const char *)reveal->place.text.data, reveal->place.text.len};
    int r = 0;

    for (size_t at = 0, n; r == 0 && at < text.n; at += n) {
        n = tx_token_longest(text, at);
        if (n > 0) {
            r = open_token(reveal, (struct tx_text){text.p + at, text.n - at}, &n);
        } else {
            tx_buf_char(&reveal->out, text.p[at]);
            n = 1;
        }
    }
    return r < 0 ? r : reveal->out.full ? -ENOBUFS : 0;
}

static void print(const struct reveal *reveal) {
    struct tx_text text = {.p = (const char *)reveal->out.data, .n = reveal->out.len};
    if (isatty(STDOUT_FILENO))
        tx_terminal_put(text);
    else
        fwrite(text.p, 1, text.n, stdout);
    putchar('\n');
}

static int ask(struct reveal *reveal, const struct tx_ctl *ctl) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = tx_ctl_load(ctl);
    if (!conf)
        return -EINVAL;
    reveal->answer = tx_secret_alloc(ANSWER_BYTES);
    reveal->question = malloc(TX_VAULT_QUESTION_BYTES);
    uint8_t *out = tx_secret_alloc(OUT_BYTES);
    reveal->out = tx_buf_of(out, OUT_BYTES);
    int r = reveal->answer && reveal->question && out ? begin(reveal, conf->control_path) : -ENOMEM;
    if (r == 0)
        r = open_all(reveal);
    if (r == 0 && reveal->shown)
        print(reveal);
    tx_fd_closep(&reveal->fd);
    free(reveal->question);
    tx_secret_free(reveal->answer, ANSWER_BYTES);
    tx_secret_free(out, OUT_BYTES);
    return r < 0 || reveal->failed ? -EPERM : 0;
}

/* --- */

static int parse_options(struct reveal *reveal, int argc, char **argv) {
    static const struct option names[] = {{"seq", required_argument, NULL, 'n'},
                                          {"field", required_argument, NULL, 'f'},
                                          {"reason", required_argument, NULL, 'r'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'f')
            reveal->field = optarg;
        else if (option == 'r')
            reveal->reason = optarg;
        else if (option != 'n' ||
                 tx_dec_decode((struct tx_text){optarg, strlen(optarg)}, &reveal->seq) < 0)
            return -EINVAL;
        reveal->has_seq |= option == 'n';
    }
    return reveal->has_seq && reveal->field && optind == argc ? 0 : -EINVAL;
}

/* What is encrypted, when it is not what was asked for. */
static void say_where(const struct reveal *reveal, const struct tx_read *record) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes where = TX_BYTES_INIT;
    if (tx_reveal_place_list(record, &where) < 0 || where.len == 0)
        tx_ctl_say("record %llu holds no encrypted value", (unsigned long long)reveal->seq);
    else
        tx_ctl_say("record %llu holds encrypted values in: %.*s", (unsigned long long)reveal->seq,
                   (int)where.len, (char *)where.data);
}

static int find_place(struct reveal *reveal, const struct tx_read *record) {
    int r = tx_reveal_place_find(record, reveal->field, &reveal->place);
    const struct tx_text text = {(const char *)reveal->place.text.data, reveal->place.text.len};

    reveal->next = reveal->place.first;
    reveal->id = tx_read_string(tx_read_top(record), "id");
    reveal->policy = tx_read_string(tx_read_top(record), "policy");
    if (r == -ENOENT)
        tx_ctl_say("record %llu has no field or member '%s'", (unsigned long long)reveal->seq,
                   reveal->field);
    else if (r == 0 && (!reveal->id.p || !reveal->policy.p || tx_token_count(text) == 0))
        tx_ctl_say("nothing in '%s' of record %llu is encrypted", reveal->field,
                   (unsigned long long)reveal->seq);
    else
        return r;
    say_where(reveal, record);
    return -ENOENT;
}

static int reveal_line(struct reveal *reveal, const struct tx_ctl *ctl,
                       const struct tx_bytes *line) {
    _cleanup_(tx_read_freep) struct tx_read *record = NULL;

    if (tx_read_new((struct tx_text){(const char *)line->data, line->len}, &record) < 0) {
        tx_ctl_say("record %llu cannot be read: tracex-auditverify says more",
                   (unsigned long long)reveal->seq);
        return -EBADMSG;
    }
    int r = find_place(reveal, record);
    if (r == 0)
        r = ask(reveal, ctl);
    tx_reveal_place_deinit(&reveal->place);
    return r;
}

int tx_ctl_reveal(const struct tx_ctl *ctl, int argc, char **argv) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes line = TX_BYTES_INIT;
    struct reveal reveal = {.reason = "", .fd = -1};

    if (parse_options(&reveal, argc, argv) < 0)
        return TX_CTL_USAGE;
    _cleanup_(tx_fd_closep) int fd = tx_ctl_open_log(ctl);
    if (fd < 0)
        return TX_CTL_FAILED;
    int r = find_line(fd, reveal.seq, &line);
    if (r < 0) {
        tx_ctl_say(r == -ENOENT ? "record %llu does not stand in the log"
                                : "record %llu cannot be read from the log",
                   (unsigned long long)reveal.seq);
        return TX_CTL_FAILED;
    }
    return reveal_line(&reveal, ctl, &line) < 0 ? TX_CTL_FAILED : TX_CTL_OK;
}
