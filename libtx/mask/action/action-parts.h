/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_ACTION_PARTS_H
#define TX_MASK_ACTION_PARTS_H

/*
 * What the files of libtx/mask/action/ share, and nobody else includes: one function for each
 * action (called by the table in action.c alone), and the keys that are set up. An action may leave
 * half a text in `out` when it is not 0: the dispatch takes it back.
 */

#include "libtx/crypto/aead.h"
#include "libtx/crypto/mac.h"
#include "libtx/mask/action/action.h"

#define TX_ACTION_DOMAIN_BYTES 1024  /* a pseudonym's domain with what joins it */
#define TX_ACTION_DERIVED_MAX 32     /* keys of domains that are kept set up */
#define TX_ACTION_SEALS_MAX 16       /* keys of persons that are kept set up */
#define TX_ACTION_CANONICAL_MAX 4096 /* longer texts have no other spelling */

struct tx_action_key {
    char *id; /* owned */
    int64_t epoch_ns;
    struct tx_mac pseudorandom; /* HKDF's first step of the key's bytes */
    struct tx_mac commit;
};

/* A pseudonym's key: of which key, epoch and domain. */
struct tx_action_derived {
    uint64_t used; /* when, in calls; 0: nothing is here */
    size_t key;
    uint64_t epoch;
    size_t n_domain;
    char domain[TX_ACTION_DOMAIN_BYTES];
    struct tx_mac mac;
};

/* A person's key. */
struct tx_action_seal {
    uint64_t used; /* as above */
    struct tx_subject_key key;
    struct tx_aead_key *aead; /* owned; NULL when no rule encrypts */
};

struct tx_action_tools { /* in secret memory */
    const struct tx_subject_keys *subjects;
    uint64_t calls;
    size_t n_keys;
    struct tx_action_key keys[TX_MASKING_KEYS_MAX];
    struct tx_action_derived derived[TX_ACTION_DERIVED_MAX];
    struct tx_action_seal seals[TX_ACTION_SEALS_MAX];
    char domain[TX_ACTION_DOMAIN_BYTES];
    char canonical[TX_ACTION_CANONICAL_MAX]; /* clear text; wiped after each use */
};

/* Sets up what is used of a key; the caller wipes it. */
void tx_action_key_init(struct tx_action_key *to, const struct tx_mask_key *key);

/* The key with that id (NULL: the default one), or NULL. */
const struct tx_action_key *tx_action_key_find(const struct tx_action_tools *tools, const char *id);

/* A key's epoch at a time; 0 when it has none. */
uint64_t tx_action_key_epoch(const struct tx_action_key *key, int64_t unix_ns);

/* The key of a domain, from those that are set up or set up now. */
const struct tx_mac *tx_action_key_derive(struct tx_action_tools *tools,
                                          const struct tx_action_key *key, uint64_t epoch,
                                          struct tx_text domain);

/* For persons' keys; once, when a rule encrypts. */
TX_MUST_USE int tx_action_seals_new(struct tx_action_tools *tools);
void tx_action_seals_free(struct tx_action_tools *tools);

/* Whether a pseudonym stands there, and nothing else. */
bool tx_pseudonym_is(struct tx_text text);

bool tx_ciphertext_is(struct tx_text text);

/* Base64 of RFC 4648 section 5, without padding. */
bool tx_action_is_base64url(struct tx_text text);

static inline void tx_action_big_endian(uint64_t v, size_t width, uint8_t *ret) {
    for (size_t i = 0; i < width; i++)
        ret[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
}

#define TX_ACTION_OF(name)                                                                         \
    TX_MUST_USE int tx_action_##name(struct tx_action_tools *tools,                                \
                                     const struct tx_masking_action *action,                       \
                                     const struct tx_action_subject *subject, struct tx_buf *out)
TX_ACTION_OF(replace);
TX_ACTION_OF(mask);
TX_ACTION_OF(ip);
TX_ACTION_OF(date);
TX_ACTION_OF(bucket);
TX_ACTION_OF(round);
TX_ACTION_OF(url);
TX_ACTION_OF(pseudonym);
TX_ACTION_OF(commit);
TX_ACTION_OF(encrypt);

#endif
