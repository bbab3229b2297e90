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

static bool ends_with(const char *p, size_t n, const char *word) {
    size_t n_word = strlen(word);
    return n >= n_word && memcmp(p + n - n_word, word, n_word) == 0;
}

static bool is_one_of(const char *p, size_t n, const char *const *words, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        if (strlen(words[i]) == n && memcmp(p, words[i], n) == 0)
            return true;
    return false;
}

static bool has_end(const struct name *name, const char *const *words, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        if (ends_with(name->p, name->n, words[i]))
            return true;
    return false;
}

/* What is of a password and is none itself. */
static bool is_of_password(const char *p, size_t n) {
    static const char *const words[] = {
        "age",    "algorithm", "attempts", "changed",   "changedat",   "class",     "count",
        "empty",  "enabled",   "encoder",  "expired",   "expires",     "expiry",    "expiration",
        "field",  "fields",    "file",     "input",     "label",       "length",    "less",
        "link",   "manager",   "max",      "maxlength", "min",         "minlength", "path",
        "policy", "policies",  "prompt",   "protected", "placeholder", "required",  "retries",
        "score",  "state",     "status",   "strength",  "type",        "updatedat", "uri",
        "url",    "valid",     "variable"};
    return is_one_of(p, n, words, TX_COUNT_OF(words));
}

static bool is_password(const struct name *name) {
    static const char *const anywhere[] = {
        "password",   "passwd",     "passphrase", "passwort",   "kennwort",
        "wachtwoord", "contraseña", "contraseÑa", "contrasena", "motdepasse",
    };
    static const char *const at_end[] = {"passcode", "pwd", "senha", "hasło", "hasŁo", "haslo"};
    for (size_t i = 0; i < TX_COUNT_OF(anywhere); i++) {
        const char *at = memmem(name->p, name->n, anywhere[i], strlen(anywhere[i]));
        const char *rest = at ? at + strlen(anywhere[i]) : NULL;
        if (at && !is_of_password(rest, (size_t)(name->p + name->n - rest)))
            return true;
    }
    return (name->n > 3 && memcmp(name->p, "pwd", 3) == 0) ||
           has_end(name, at_end, TX_COUNT_OF(at_end));
}

/* db_pass and its like. Others, such as first_pass and bypass, are no passwords. */
static bool is_pass(const struct name *name) {
    static const char *const whose[] = {
        "admin", "amqp", "app",   "auth",     "basic", "bind",  "db",   "dba",     "email",
        "ftp",   "http", "imap",  "key",      "ldap",  "login", "mail", "mongo",   "my",
        "mysql", "pg",   "pop",   "postgres", "proxy", "redis", "root", "service", "smtp",
        "sql",   "ssh",  "store", "sudo",     "svc",   "user",  "vpn"};
    if (name->n < 6 || !ends_with(name->p, name->n, "pass"))
        return false;
    for (size_t i = 0; i < TX_COUNT_OF(whose); i++)
        if (ends_with(name->p, name->n - 4, whose[i]))
            return true;
    return false;
}

/* Keys that open nothing. */
static bool is_harmless_key(const char *p, size_t n) {
    static const char *const words[] = {
        "bucket", "cache",   "composite", "dedup",       "event",    "file",        "foreign",
        "group",  "hash",    "host",      "idempotency", "index",    "lock",        "lookup",
        "map",    "message", "object",    "order",       "ordering", "partition",   "primary",
        "pub",    "public",  "range",     "record",      "redis",    "routing",     "row",
        "s3",     "shard",   "sort",      "span",        "trace",    "translation", "unique"};
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (ends_with(p, n, words[i]))
            return true;
    return n == 0;
}

static enum tx_kv_kind kind_of_key(const struct name *name) {
    static const char *const secrets[] = {"apikey",  "accesskey",  "secretkey", "privatekey",
                                          "authkey", "accountkey", "sharedkey"};
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
        if (is_one_of(name.p, name.n, (const char *const[]){"pwd", "oldpwd"}, 2))
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
