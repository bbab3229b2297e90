/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/note.h"

#include <string.h>

#define DASH "\xe2\x80\x94 " /* U+2014 and a space */
#define TIME_BYTES 8
#define COSIGNED_PREFIX_BYTES 64 /* "cosignature/v1\ntime <20 digits>\n" */
#define BLOB_BYTES sizeof(((struct tx_note_signature *)0)->blob)

static bool is_clean(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++)
        if ((uint8_t)text.p[i] < 0x20 && text.p[i] != '\n')
            return false;
    return tx_utf8_valid(text.p, text.n);
}

/* Takes the line up to the next newline, which must be there. */
static bool take_line(struct tx_text *text, struct tx_text *ret) {
    const char *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
    if (!end)
        return false;
    *ret = (struct tx_text){.p = text->p, .n = (size_t)(end - text->p)};
    text->p = end + 1;
    text->n -= ret->n + 1;
    return true;
}

/* Base64 of any length in pieces of 48 bytes: id and blob are kept as far as they have room, the
 * rest is checked and counted. */
static int decode_blob(struct tx_text base64, struct tx_note_signature *ret) {
    uint8_t whole[4 + BLOB_BYTES], piece[48];
    size_t total = 0;

    while (base64.n > 0) {
        size_t n_text = base64.n < 64 ? base64.n : 64, n;
        if (tx_base64_decode((struct tx_text){base64.p, n_text}, piece, sizeof(piece), &n) < 0)
            return -EBADMSG;
        if (n < sizeof(piece) && base64.n > 64)
            return -EBADMSG; /* padding within */
        for (size_t i = 0; i < n && total + i < sizeof(whole); i++)
            whole[total + i] = piece[i];
        total += n;
        base64.p += n_text;
        base64.n -= n_text;
    }
    if (total < sizeof(ret->id) + 1)
        return -EBADMSG;
    memcpy(ret->id, whole, sizeof(ret->id));
    ret->n_blob = total - sizeof(ret->id);
    memset(ret->blob, 0, BLOB_BYTES);
    memcpy(ret->blob, whole + sizeof(ret->id), ret->n_blob < BLOB_BYTES ? ret->n_blob : BLOB_BYTES);
    return 0;
}

static int parse_signature(struct tx_text line, struct tx_note_signature *ret) {
    if (!tx_text_starts(line, TX_TEXT(DASH)))
        return -EBADMSG;
    line.p += sizeof(DASH) - 1;
    line.n -= sizeof(DASH) - 1;
    const char *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
    if (!space)
        return -EBADMSG;
    ret->name = (struct tx_text){.p = line.p, .n = (size_t)(space - line.p)};
    if (!tx_key_name_valid(ret->name))
        return -EBADMSG;
    return decode_blob((struct tx_text){space + 1, line.n - ret->name.n - 1}, ret);
}

static bool is_repeated(const struct tx_note *note, const struct tx_note_signature *signature) {
    for (size_t i = 0; i < note->n_signatures; i++)
        if (tx_text_equal(note->signatures[i].name, signature->name) &&
            memcmp(note->signatures[i].id, signature->id, sizeof(signature->id)) == 0)
            return true;
    return false;
}

int tx_note_parse(struct tx_text note, struct tx_note *ret) {
    if (note.n == 0 || note.n > TX_LIMIT_NOTE_BYTES || note.p[note.n - 1] != '\n' ||
        !is_clean(note))
        return -EBADMSG;
    /* The text ends at the last empty line. */
    size_t split = note.n - 1;
    while (split > 0 && !(note.p[split] == '\n' && note.p[split - 1] == '\n'))
        split--;
    if (split == 0)
        return -EBADMSG;
    ret->text = (struct tx_text){.p = note.p, .n = split};
    ret->n_signatures = 0;
    struct tx_text rest = {.p = note.p + split + 1, .n = note.n - split - 1};
    if (rest.n == 0)
        return -EBADMSG;
    while (rest.n > 0) {
        struct tx_text line;
        struct tx_note_signature *signature = &ret->signatures[ret->n_signatures];
        if (ret->n_signatures == TX_LIMIT_NOTE_SIGNATURES || !take_line(&rest, &line) ||
            parse_signature(line, signature) < 0 || is_repeated(ret, signature))
            return -EBADMSG;
        ret->n_signatures++;
    }
    return 0;
}

static uint64_t big_endian(const uint8_t *p) {
    uint64_t v = 0;
    for (size_t i = 0; i < TIME_BYTES; i++)
        v = v << 8 | p[i];
    return v;
}

static int verify_cosignature(const struct tx_note *note, const struct tx_vkey *vkey,
                              const uint8_t *blob, uint64_t *ret_time) {
    uint64_t time = big_endian(blob);
    size_t cap = COSIGNED_PREFIX_BYTES + note->text.n;
    _cleanup_(tx_freep) uint8_t *memory = malloc(cap);
    if (!memory)
        return -ENOMEM;
    struct tx_buf b = tx_buf_of(memory, cap);
    tx_note_cosigned_message(note->text, time, &b);
    int r = tx_vkey_verify(vkey, b.data, b.len, blob + TIME_BYTES);
    if (r == 0)
        *ret_time = time;
    return r;
}

int tx_note_verify(const struct tx_note *note, const struct tx_vkey *vkey, uint64_t *ret_time) {
    const struct tx_text name = {.p = vkey->name, .n = vkey->n_name};
    const struct tx_note_signature *found = NULL;
    uint64_t time = 0;

    for (size_t i = 0; i < note->n_signatures && !found; i++)
        if (tx_text_equal(note->signatures[i].name, name) &&
            memcmp(note->signatures[i].id, vkey->id, sizeof(vkey->id)) == 0)
            found = &note->signatures[i];
    if (!found)
        return TX_NOTE_E_ABSENT;
    bool with_time = vkey->type == TX_KEY_COSIGNATURE;
    if (found->n_blob != TX_SIGNATURE_BYTES + (with_time ? TIME_BYTES : 0u))
        return TX_NOTE_E_BAD;
    int r = with_time ? verify_cosignature(note, vkey, found->blob, &time)
                      : tx_vkey_verify(vkey, note->text.p, note->text.n, found->blob);
    if (r == 0 && ret_time)
        *ret_time = time;
    return r > 0 ? TX_NOTE_E_BAD : r;
}

void tx_note_cosigned_message(struct tx_text text, uint64_t time, struct tx_buf *b) {
    tx_buf_str(b, "cosignature/v1\ntime ");
    tx_buf_dec(b, time);
    tx_buf_char(b, '\n');
    tx_buf_put(b, text.p, text.n);
}

void tx_note_render_signature(const struct tx_vkey *vkey, const uint8_t *blob, size_t n_blob,
                              struct tx_buf *b) {
    uint8_t whole[4 + BLOB_BYTES];
    if (n_blob > BLOB_BYTES) {
        b->full = true;
        return;
    }
    memcpy(whole, vkey->id, sizeof(vkey->id));
    memcpy(whole + sizeof(vkey->id), blob, n_blob);
    tx_buf_str(b, DASH);
    tx_buf_put(b, vkey->name, vkey->n_name);
    tx_buf_char(b, ' ');
    tx_buf_base64(b, whole, sizeof(vkey->id) + n_blob);
    tx_buf_char(b, '\n');
}
