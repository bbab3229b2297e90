/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/mask/action/action-parts.h"

/*
 * <tag>:k<epoch>:<beginning of a MAC> (docs/format.md section 8): the same for the same value,
 * within a domain and an epoch of the key. What follows the @ of an e-mail address may stay:
 * "@[example.org]" behind it, which no detector takes for an address.
 */

#define MARK TX_TEXT("tracex-pn-v1")
#define TAG_BYTES_MAX 64
#define HOST_BYTES_MAX 253

/* --- the MAC --- */

/* The domain, and what joins it behind a NUL, which no domain has: "detector", NUL, its name. */
static bool find_domain(struct tx_action_tools *tools, const struct tx_masking_action *action,
                        const struct tx_action_subject *subject, struct tx_text *ret) {
    struct tx_buf b = tx_buf_of(tools->domain, sizeof(tools->domain));
    static const char *const kinds[] = {
        [TX_SCOPE_DETECTOR] = "detector", [TX_SCOPE_FIELD] = "field", [TX_SCOPE_EVENT] = "event"};
    const struct tx_text names[] = {
        [TX_SCOPE_DETECTOR] = {subject->detector_name, strlen(subject->detector_name)},
        [TX_SCOPE_FIELD] = subject->field,
        [TX_SCOPE_EVENT] = subject->event};
    enum tx_masking_scope scope = action->pseudonym.scope;

    tx_buf_str(&b, action->pseudonym.domain ? action->pseudonym.domain : "default");
    if (scope != TX_SCOPE_DOMAIN) {
        tx_buf_char(&b, '\0');
        tx_buf_str(&b, kinds[scope]);
        tx_buf_char(&b, '\0');
        tx_buf_put(&b, names[scope].p, names[scope].n);
    }
    *ret = (struct tx_text){tools->domain, b.len};
    return !b.full;
}

static struct tx_text canonical_of(struct tx_action_tools *tools,
                                   const struct tx_action_subject *subject) {
    struct tx_buf b = tx_buf_of(tools->canonical, sizeof(tools->canonical));
    if (subject->detector >= TX_DETECT_N || subject->text.n > sizeof(tools->canonical))
        return subject->text;
    tx_action_canonical(subject->detector, subject->text, &b);
    return b.full ? subject->text : (struct tx_text){tools->canonical, b.len};
}

static void find_mac(const struct tx_mac *key, struct tx_text domain, struct tx_text value,
                     struct tx_digest *ret) {
    const struct tx_text texts[] = {MARK, domain, value};
    uint8_t lengths[TX_COUNT_OF(texts)][4];
    struct tx_text parts[2 * TX_COUNT_OF(texts)];
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        tx_action_big_endian(texts[i].n, sizeof(lengths[i]), lengths[i]);
        parts[2 * i] = (struct tx_text){(const char *)lengths[i], sizeof(lengths[i])};
        parts[2 * i + 1] = texts[i];
    }
    tx_mac(key, parts, TX_COUNT_OF(parts), ret);
}

/* --- how it is written --- */

/* RFC 4648 section 6, in small letters and without padding. */
static void put_base32(struct tx_buf *b, const uint8_t *p, size_t n) {
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | p[i];
        for (n_bits += 8; n_bits >= 5; n_bits -= 5)
            tx_buf_char(b, alphabet[bits >> (n_bits - 5) & 31]);
    }
    if (n_bits > 0)
        tx_buf_char(b, alphabet[bits << (5 - n_bits) & 31]);
}

static bool is_tag_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '.' || c == '-';
}

static void put_tag(const char *name, struct tx_buf *b) {
    for (size_t i = 0; name[i] && i < TAG_BYTES_MAX; i++)
        tx_buf_char(b, is_tag_char(name[i]) ? name[i] : '_');
}

static bool is_host_char(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
           c == '-' || (c & 0x80);
}

static bool is_host(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++)
        if (!is_host_char(text.p[i]))
            return false;
    return text.n > 0 && text.n <= HOST_BYTES_MAX;
}

/* What follows the only @ of an e-mail address, in small letters. */
static void put_host(struct tx_text text, struct tx_buf *out) {
    const char *at = memchr(text.p, '@', text.n);
    if (!at)
        return;
    struct tx_text host = {at + 1, text.n - (size_t)(at - text.p) - 1};
    if (!is_host(host))
        return;
    tx_buf_str(out, "@[");
    for (size_t i = 0; i < host.n; i++)
        tx_buf_char(out,
                    (char)(host.p[i] >= 'A' && host.p[i] <= 'Z' ? host.p[i] | 0x20 : host.p[i]));
    tx_buf_char(out, ']');
}

int tx_action_pseudonym(struct tx_action_tools *tools, const struct tx_masking_action *action,
                        const struct tx_action_subject *subject, struct tx_buf *out) {
    const struct tx_action_key *key = tx_action_key_find(tools, action->pseudonym.key);
    struct tx_text domain, value = subject->text;
    struct tx_digest digest;

    if (!key || !find_domain(tools, action, subject, &domain))
        return TX_ACTION_E_FAILED;
    uint64_t epoch = tx_action_key_epoch(key, subject->received);
    if (action->pseudonym.canonical)
        value = canonical_of(tools, subject);
    find_mac(tx_action_key_derive(tools, key, epoch, domain), domain, value, &digest);

    size_t n = action->pseudonym.bits / 8;
    assert(n >= 8 && n <= sizeof(digest.bytes));
    put_tag(subject->detector_name, out);
    tx_buf_str(out, ":k");
    tx_buf_dec(out, epoch);
    tx_buf_char(out, ':');
    if (action->pseudonym.hex)
        tx_buf_hex(out, digest.bytes, n);
    else
        put_base32(out, digest.bytes, n);
    if (action->pseudonym.keep_domain)
        put_host(value, out);
    if (value.p == tools->canonical)
        tx_wipe(tools->canonical, value.n);
    tx_wipe(&digest, sizeof(digest));
    return 0;
}

/* --- telling it --- */

/* So many characters of base32 are 64, 80 … 256 bits. */
static bool is_base32(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++)
        if (!((text.p[i] >= 'a' && text.p[i] <= 'z') || (text.p[i] >= '2' && text.p[i] <= '7')))
            return false;
    for (size_t bits = 64; bits <= 256; bits += 16)
        if (text.n == (bits + 4) / 5)
            return true;
    return false;
}

static bool is_hex(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++)
        if (!((text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'a' && text.p[i] <= 'f')))
            return false;
    return text.n >= 16 && text.n <= 64 && text.n % 4 == 0;
}

static struct tx_text skip(struct tx_text text, size_t n) {
    return (struct tx_text){text.p + n, text.n - n};
}

/* Behind "k<epoch>:", or false. */
static bool skip_epoch(struct tx_text *text) {
    size_t i = 1;
    if (text->n == 0 || text->p[0] != 'k')
        return false;
    while (i < text->n && i <= 20 && text->p[i] >= '0' && text->p[i] <= '9')
        i++;
    if (i == 1 || i == text->n || text->p[i] != ':' || (text->p[1] == '0' && i > 2))
        return false;
    *text = skip(*text, i + 1);
    return true;
}

/* Takes "@[example.org]" off the end. */
static void cut_host(struct tx_text *text) {
    const char *at = memchr(text->p, '@', text->n);
    size_t n = at ? (size_t)(at - text->p) : text->n;
    if (text->n - n > 3 && at[1] == '[' && text->p[text->n - 1] == ']' &&
        is_host((struct tx_text){at + 2, text->n - n - 3}))
        text->n = n;
}

static bool is_without_tag(struct tx_text text) {
    if (!skip_epoch(&text))
        return false;
    cut_host(&text);
    return is_base32(text) || is_hex(text);
}

bool tx_pseudonym_is(struct tx_text text) {
    size_t tag = 0;
    while (tag < text.n && tag < TAG_BYTES_MAX && is_tag_char(text.p[tag]))
        tag++;
    if (is_without_tag(text))
        return true;
    return tag > 0 && tag < text.n && text.p[tag] == ':' && is_without_tag(skip(text, tag + 1));
}
