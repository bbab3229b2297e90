/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/kv.h"
#include "libtx/detect/scan.h"

/*
 * Which words name a secret. They are compared in lower case and without '_' and '-'. The bitmaps
 * must know three letters of each (literals.h, take_letter in scan.c).
 */

#define NAME_BYTES 64 /* of the word before the sign, from its end */

struct name {
    char p[NAME_BYTES];
    size_t n;
};

struct word {
    uint8_t n;
    char p[15];
};
#define W(word)                                                                                    \
    { sizeof(word) - 1, word }

static bool ends_in(const char *p, size_t n, const struct word *word) {
    return n >= word->n && p[n - 1] == word->p[word->n - 1] &&
           memcmp(p + n - word->n, word->p, word->n) == 0;
}

static bool ends_with(const char *p, size_t n, const char *word) {
    size_t n_word = strlen(word);
    return n >= n_word && memcmp(p + n - n_word, word, n_word) == 0;
}

static bool is_one_of(const char *p, size_t n, const struct word *words, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        if (words[i].n == n && memcmp(p, words[i].p, n) == 0)
            return true;
    return false;
}

static bool has_end(const struct name *name, const struct word *words, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        if (ends_in(name->p, name->n, &words[i]))
            return true;
    return false;
}

/* What is of a password and is none itself. */
static bool is_of_password(const char *p, size_t n) {
    static const struct word words[] = {
        W("age"),       W("algorithm"), W("attempts"),    W("changed"),    W("changedat"),
        W("class"),     W("count"),     W("empty"),       W("enabled"),    W("encoder"),
        W("expired"),   W("expires"),   W("expiry"),      W("expiration"), W("field"),
        W("fields"),    W("file"),      W("input"),       W("label"),      W("length"),
        W("less"),      W("link"),      W("manager"),     W("max"),        W("maxlength"),
        W("min"),       W("minlength"), W("path"),        W("policy"),     W("policies"),
        W("prompt"),    W("protected"), W("placeholder"), W("required"),   W("retries"),
        W("score"),     W("state"),     W("status"),      W("strength"),   W("type"),
        W("updatedat"), W("uri"),       W("url"),         W("valid"),      W("variable")};
    return is_one_of(p, n, words, TX_COUNT_OF(words));
}

static bool is_password(const struct name *name) {
    static const struct word anywhere[] = {
        W("password"),   W("passwd"),     W("passphrase"), W("passwort"),   W("kennwort"),
        W("wachtwoord"), W("contraseña"), W("contraseÑa"), W("contrasena"), W("motdepasse"),
    };
    static const struct word at_end[] = {W("passcode"), W("pwd"),   W("senha"),
                                         W("hasło"),    W("hasŁo"), W("haslo")};
    /* Most are one to their end; no word that is of a password ends with one. */
    if (has_end(name, anywhere, TX_COUNT_OF(anywhere)))
        return true;
    for (size_t i = 0; i < TX_COUNT_OF(anywhere); i++) {
        const char *at = name->n >= anywhere[i].n
                             ? memmem(name->p, name->n, anywhere[i].p, anywhere[i].n)
                             : NULL;
        const char *rest = at ? at + anywhere[i].n : NULL;
        if (at && !is_of_password(rest, (size_t)(name->p + name->n - rest)))
            return true;
    }
    return (name->n > 3 && memcmp(name->p, "pwd", 3) == 0) ||
           has_end(name, at_end, TX_COUNT_OF(at_end));
}

/* db_pass and its like. Others, such as first_pass and bypass, are no passwords. */
static bool is_pass(const struct name *name) {
    static const struct word whose[] = {
        W("admin"),    W("amqp"),  W("app"),   W("auth"), W("basic"),   W("bind"), W("db"),
        W("dba"),      W("email"), W("ftp"),   W("http"), W("imap"),    W("key"),  W("ldap"),
        W("login"),    W("mail"),  W("mongo"), W("my"),   W("mysql"),   W("pg"),   W("pop"),
        W("postgres"), W("proxy"), W("redis"), W("root"), W("service"), W("smtp"), W("sql"),
        W("ssh"),      W("store"), W("sudo"),  W("svc"),  W("user"),    W("vpn")};
    if (name->n < 6 || !ends_with(name->p, name->n, "pass"))
        return false;
    for (size_t i = 0; i < TX_COUNT_OF(whose); i++)
        if (ends_in(name->p, name->n - 4, &whose[i]))
            return true;
    return false;
}

/* Keys that open nothing. */
static bool is_harmless_key(const char *p, size_t n) {
    static const struct word words[] = {
        W("bucket"),      W("cache"),   W("composite"), W("dedup"),       W("event"),
        W("file"),        W("foreign"), W("group"),     W("hash"),        W("host"),
        W("idempotency"), W("index"),   W("lock"),      W("lookup"),      W("map"),
        W("message"),     W("object"),  W("order"),     W("ordering"),    W("partition"),
        W("primary"),     W("pub"),     W("public"),    W("range"),       W("record"),
        W("redis"),       W("routing"), W("row"),       W("s3"),          W("shard"),
        W("sort"),        W("span"),    W("trace"),     W("translation"), W("unique")};
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (ends_in(p, n, &words[i]))
            return true;
    return n == 0;
}

static enum tx_kv_kind kind_of_key(const struct name *name) {
    static const struct word secrets[] = {W("apikey"),     W("accesskey"), W("secretkey"),
                                          W("privatekey"), W("authkey"),   W("accountkey"),
                                          W("sharedkey")};
    if (has_end(name, secrets, TX_COUNT_OF(secrets)))
        return TX_KV_SECRET;
    return ends_with(name->p, name->n, "key") && !is_harmless_key(name->p, name->n - 3)
               ? TX_KV_KEY
               : TX_KV_NONE;
}

static enum tx_kv_kind kind_of(const struct name *name) {
    switch (name->p[name->n - 1]) {
    case 'y':
        return kind_of_key(name);
    case 't':
        return ends_with(name->p, name->n, "secret") ? TX_KV_SECRET : TX_KV_NONE;
    case 'n':
        return ends_with(name->p, name->n, "token") && !ends_with(name->p, name->n, "jsonwebtoken")
                   ? TX_KV_TOKEN
                   : TX_KV_NONE;
    default:
        return TX_KV_NONE;
    }
}

#define LETTER(c) (1u << ((c)&31))

enum tx_kv_kind tx_kv_kind(const uint8_t *p, size_t n) {
    struct name name = {.n = 0};
    uint32_t letters = 0;
    for (size_t i = n > NAME_BYTES ? n - NAME_BYTES : 0; i < n; i++) {
        letters |= LETTER(p[i]);
        if (p[i] != '_' && p[i] != '-')
            name.p[name.n++] = (char)tx_lower(p[i]);
    }
    if (name.n < 3)
        return TX_KV_NONE;
    /* Each name of a password has an s or a w. */
    if (letters & (LETTER('s') | LETTER('w'))) {
        static const struct word directories[] = {W("pwd"), W("oldpwd")};
        if (is_one_of(name.p, name.n, directories, TX_COUNT_OF(directories)))
            return TX_KV_DIRECTORY;
        if (is_password(&name) || is_pass(&name))
            return TX_KV_PASSWORD;
    }
    while (name.n > 3 && tx_is_digit((uint8_t)name.p[name.n - 1])) /* token2 */
        name.n--;
    return kind_of(&name);
}

static bool is_mot_de_passe(const struct tx_scan *s, size_t end) {
    size_t n = strlen("mot de passe");
    return end >= n && tx_scan_is_word(s, end - n, "mot de passe") &&
           !tx_is_word(tx_scan_before(s, end - n));
}

enum tx_kv_kind tx_kv_kind_before(struct tx_scan *s, size_t end, size_t *ret_start) {
    size_t start = end;
    uint32_t letters = 0;

    while (start > 0 && end - start < NAME_BYTES && tx_kv_is_name(s->p[start - 1])) {
        start--;
        letters |= LETTER(s->p[start]);
    }
    s->matches->work += end - start;
    *ret_start = start;
    if (is_mot_de_passe(s, end))
        return TX_KV_PASSWORD;
    /* Most words are out by their letters. */
    if (!(letters & (LETTER('k') | LETTER('w') | LETTER('h') | LETTER('c') | LETTER('p'))))
        return TX_KV_NONE;
    return tx_kv_kind(s->p + start, end - start);
}
